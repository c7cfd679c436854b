import { randomUUID } from 'node:crypto';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PostgresFeed } from './postgres-feed.fixture.js';

let feed: PostgresFeed;

beforeAll(async () => {
  feed = await PostgresFeed.create();
});

beforeEach(() => feed.start());

afterEach(() => feed.stop());

afterAll(() => feed.drop());

/** An id of a user made for one case. */
async function newUser(): Promise<string> {
  const { userId } = await seedUser(feed.db, feed.tenantId);
  return userId;
}

async function newTenant(): Promise<string> {
  const { tenantId } = await seedTenant(feed.db);
  return tenantId;
}

/** Applies a change to a new user. */
const changingUser = (assignment: string) => async (): Promise<string> => {
  const id = await newUser();
  await feed.admin.query(`UPDATE users SET ${assignment} WHERE id = $1`, [id]);
  return id;
};

/** Applies a change to a new tenant. */
const changingTenant = (assignment: string) => async (): Promise<string> => {
  const id = await newTenant();
  await feed.admin.query(`UPDATE tenants SET ${assignment} WHERE id = $1`, [id]);
  return id;
};

async function newCustomRole(tenantId: string): Promise<string> {
  const { rows } = await feed.admin.query<{ id: string }>(
    `INSERT INTO tenant_roles (tenant_id, name, name_key) VALUES ($1, 'Auditor', 'auditor') RETURNING id`,
    [tenantId],
  );
  return rows[0]?.id ?? '';
}

async function addDomain(tenantId: string): Promise<void> {
  await feed.admin.query(
    `INSERT INTO tenant_domains (tenant_id, domain, token, verified_at) VALUES ($1, $2, 'token', clock_timestamp())`,
    [tenantId, `${randomUUID()}.example`],
  );
}

/** Applies a change to a new tenant with settings of this country policy. */
const withCountryPolicy =
  (policy: string, change: (tenantId: string) => Promise<unknown>) => async (): Promise<string> => {
    const id = await newTenant();
    await feed.delivered(id);
    feed.subscriber.events.length = 0;
    await feed.admin.query(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value)
       VALUES ($1, 'security', jsonb_build_object('countryPolicy', $2::text, 'allowedCountries', '[]'::jsonb))
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = EXCLUDED.setting_value`,
      [id, policy],
    );
    if (policy !== 'off') await feed.delivered(id);
    feed.subscriber.events.length = 0;
    await change(id);
    return id;
  };

const changingSettings = (assignment: string) => (tenantId: string) =>
  feed.admin.query(
    `UPDATE tenant_settings SET setting_value = setting_value || $2
      WHERE tenant_id = $1 AND setting_key = 'security'`,
    [tenantId, assignment],
  );

/** Applies a change to a new tenant that has a verified domain. */
const withDomain = (change: (tenantId: string) => Promise<void>) => async (): Promise<string> => {
  const id = await newTenant();
  await feed.delivered(id);
  feed.subscriber.events.length = 0;
  await addDomain(id);
  await change(id);
  return id;
};

describe('The revocation feed of PostgreSQL', () => {
  it.each([
    [
      'session',
      'a session is revoked',
      async () => {
        const id = await feed.openSession();
        await feed.revoke(id);
        return id;
      },
    ],
    [
      'session',
      'a session is deleted',
      async () => {
        const id = await feed.openSession();
        await feed.admin.query('DELETE FROM user_sessions WHERE id = $1', [id]);
        return id;
      },
    ],
    [
      'user',
      'a session is shortened',
      async () => {
        await feed.admin.query(
          `UPDATE user_sessions SET expires_at = expires_at - interval '1 hour' WHERE id = $1`,
          [await feed.openSession()],
        );
        return feed.userId;
      },
    ],
    ['user', 'the role of a user changes', changingUser(`role = 'viewer'`)],
    ['user', 'the permissions of a user change', changingUser(`permissions = '["view_usage"]'`)],
    ['user', 'a user is suspended', changingUser(`status = 'suspended'`)],
    ['user', 'a user must change their password', changingUser('must_change_password = true')],
    [
      'user',
      'a user is deleted',
      async () => {
        const id = await newUser();
        await feed.admin.query('DELETE FROM users WHERE id = $1', [id]);
        return id;
      },
    ],
    [
      'user',
      'a user gets a custom role',
      async () => {
        const id = await newUser();
        const role = await newCustomRole(feed.tenantId);
        await feed.admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [id, role]);
        return id;
      },
    ],
    [
      'tenant',
      'the permissions of a custom role change',
      async () => {
        const id = await newTenant();
        await feed.admin.query(
          `UPDATE tenant_roles SET permissions = '["view_audit"]' WHERE id = $1`,
          [await newCustomRole(id)],
        );
        return id;
      },
    ],
    ['tenant', 'a tenant is suspended', changingTenant(`status = 'suspended'`)],
    ['tenant', 'the plan of a tenant changes', changingTenant(`plan_type = 'pro'`)],
    ['tenant', 'a tenant is created', newTenant],
    [
      'tenant',
      'its country policy is enforced',
      withCountryPolicy('off', changingSettings('{"countryPolicy": "enforce"}')),
    ],
    [
      'tenant',
      'the countries that it allows change',
      withCountryPolicy('enforce', changingSettings('{"allowedCountries": ["BR"]}')),
    ],
    [
      'tenant',
      'the countries that it denies change',
      withCountryPolicy('enforce', changingSettings('{"deniedCountries": ["US"]}')),
    ],
    [
      'tenant',
      'the settings with its country policy are deleted',
      withCountryPolicy('observe', (tenantId) =>
        feed.admin.query('DELETE FROM tenant_settings WHERE tenant_id = $1', [tenantId]),
      ),
    ],
    ['tenant', 'a domain is verified', withDomain(() => Promise.resolve())],
    [
      'tenant',
      'a domain is deleted that is not the latest one',
      withDomain(async (tenantId) => {
        await addDomain(tenantId);
        await feed.delivered(tenantId);
        feed.subscriber.events.length = 0;
        await feed.admin.query(
          `DELETE FROM tenant_domains d WHERE d.tenant_id = $1
             AND d.domain <> (SELECT branding ->> 'custom_domain' FROM tenants t WHERE t.id = $1)`,
          [tenantId],
        );
      }),
    ],
    [
      'tenant',
      'a domain of a tenant that is being purged is deleted',
      withDomain(async (tenantId) => {
        await feed.delivered(tenantId);
        await feed.admin.query('DELETE FROM tenant_usage WHERE tenant_id = $1', [tenantId]);
        await addDomain(tenantId);
        await feed.delivered(tenantId);
        feed.subscriber.events.length = 0;
        await feed.admin.query(
          `DELETE FROM tenant_domains d WHERE d.tenant_id = $1
             AND d.domain <> (SELECT branding ->> 'custom_domain' FROM tenants t WHERE t.id = $1)`,
          [tenantId],
        );
      }),
    ],
  ] as [string, string, () => Promise<string>][])(
    'delivers an event about the %s when %s',
    async (kind, _when, change) => {
      const id = await change();
      await feed.delivered(id);
      expect(feed.subscriber.events).toContainEqual(
        expect.objectContaining({ kind, id, tenantId: kind === 'tenant' ? id : feed.tenantId }),
      );
    },
  );

  it('delivers no event for a login, a rotation or a changed name', async () => {
    const { admin, userId } = feed;
    const session = await feed.openSession();
    await admin.query(
      'UPDATE user_sessions SET generation = 1, last_used_at = now() WHERE id = $1',
      [session],
    );
    await admin.query(`UPDATE users SET first_name = 'Eva', login_count = 7 WHERE id = $1`, [
      userId,
    ]);
    const last = await feed.openSession();
    await feed.revoke(last);
    await feed.delivered(last);
    // Polls in flight at the same time may deliver the same event twice, which is harmless.
    expect(new Set(feed.subscriber.events.map(({ id }) => id))).toEqual(new Set([last]));
  });

  it('delivers the events of transactions in commit order, those of a long transaction included', async () => {
    const early = await feed.openSession();
    const late = await feed.openSession();
    const last = await feed.openSession();
    const long = await feed.admin.connect();
    try {
      await long.query('BEGIN');
      await feed.revoke(early, long);
      await feed.revoke(late);
      await feed.delivered(late);
      // By now the cursor is past the id of the long transaction.
      await feed.revoke(last);
      await feed.delivered(last);
      expect(feed.subscriber.count(early)).toBe(0);
      await long.query('COMMIT');
      await feed.delivered(early);
    } finally {
      long.release();
    }
  });

  it('delivers no event of a transaction that was rolled back', async () => {
    const [undone, done] = [await feed.openSession(), await feed.openSession()];
    const client = await feed.admin.connect();
    await client.query('BEGIN');
    await feed.revoke(undone, client);
    await client.query('ROLLBACK');
    client.release();
    await feed.revoke(done);
    await feed.delivered(done);
    expect(feed.subscriber.count(undone)).toBe(0);
  });

  it('delivers one event, not one per user, when a tenant is deleted', async () => {
    const { admin } = feed;
    const id = await newTenant();
    for (let user = 0; user < 3; user += 1) await seedUser(feed.db, id);
    // A purge deletes the usage row first, which tells the triggers that the whole tenant is being deleted.
    await admin.query('DELETE FROM tenant_usage WHERE tenant_id = $1', [id]);
    await admin.query('DELETE FROM users WHERE tenant_id = $1', [id]);
    await admin.query(`UPDATE tenants SET name = 'Gone' WHERE id = $1`, [id]);
    await feed.delivered(id);
    expect(feed.subscriber.events.filter(({ kind }) => kind === 'user')).toEqual([]);
  });
});
