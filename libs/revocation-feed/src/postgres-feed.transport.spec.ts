import { randomUUID } from 'node:crypto';
import { type FeedListener, Timestamp, type RevocationEvent } from '@poc-tracker/auth-kit';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresFeedTransport } from './postgres-feed.transport.js';

/** Keeps what it is told. */
class Listener implements FeedListener {
  readonly events: RevocationEvent[] = [];
  gaps = 0;
  asOf: Timestamp | undefined;

  tell(events: readonly RevocationEvent[], asOf: Timestamp | undefined): void {
    this.events.push(...events);
    this.asOf = asOf;
  }

  gap(): void {
    this.gaps += 1;
  }

  /** How often an event of the subject was told. */
  count(id: string): number {
    return this.events.filter((event) => event.id === id).length;
  }
}

let db: TestDatabase;
let admin: pg.Pool;
let tenantId: string;
let userId: string;
let transport: PostgresFeedTransport;
let listener: Listener;

async function openSession(): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
     VALUES ($1, $2, sha256($3::text::bytea), '\\x00', now() + interval '1 day') RETURNING id`,
    [tenantId, userId, randomUUID()],
  );
  return rows[0]?.id ?? '';
}

const end = (client: pg.Pool | pg.PoolClient, id: string) =>
  client.query('UPDATE user_sessions SET is_active = false WHERE id = $1', [id]);

const told = (id: string) =>
  vi.waitFor(() => expect(listener.count(id)).toBeGreaterThan(0), { timeout: 5_000, interval: 5 });

const connected = () =>
  vi.waitFor(() => expect(transport.connected).toBe(true), { timeout: 5_000 });

/** Ends the feed's connection from the server's side. */
const terminate = () =>
  admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'spec-feed' AND datname = current_database()`,
  );

function startTransport(pollEveryMs?: number): void {
  listener = new Listener();
  transport = new PostgresFeedTransport({
    databaseUrl: db.serviceUrl,
    tls: false,
    applicationName: 'spec',
    ...(pollEveryMs !== undefined && { pollEveryMs }),
  });
  transport.start(listener);
}

beforeAll(async () => {
  db = await createTestDatabase();
  admin = new pg.Pool({ connectionString: db.adminUrl });
  admin.on('error', () => undefined);
  ({ tenantId } = await seedTenant(db));
  ({ userId } = await seedUser(db, tenantId));
});

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  vi.spyOn(Logger.prototype, 'log').mockReturnValue();
});

afterEach(async () => {
  await transport.stop();
  vi.restoreAllMocks();
});

afterAll(async () => {
  await admin.end();
  await db.drop();
});

describe('the feed from PostgreSQL', () => {
  it('says first that it knows nothing of before, then tells the end of a session', async () => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const session = await openSession();
    await end(admin, session);
    await told(session);
    expect(listener.events).toContainEqual({ kind: 'session', tenantId, id: session });
  });

  it.each([
    [
      'a deleted session',
      'session',
      async () => {
        const id = await openSession();
        await admin.query('DELETE FROM user_sessions WHERE id = $1', [id]);
        return id;
      },
    ],
    [
      'a shortened session',
      'user',
      async () => {
        await admin.query(
          `UPDATE user_sessions SET expires_at = expires_at - interval '1 hour' WHERE id = $1`,
          [await openSession()],
        );
        return userId;
      },
    ],
    [
      'another role',
      'user',
      async () => {
        const { userId: id } = await seedUser(db, tenantId);
        await admin.query(`UPDATE users SET role = 'viewer' WHERE id = $1`, [id]);
        return id;
      },
    ],
    [
      'other permissions',
      'user',
      async () => {
        const { userId: id } = await seedUser(db, tenantId);
        await admin.query(`UPDATE users SET permissions = '["view_usage"]' WHERE id = $1`, [id]);
        return id;
      },
    ],
    [
      'a suspension',
      'user',
      async () => {
        const { userId: id } = await seedUser(db, tenantId);
        await admin.query(`UPDATE users SET status = 'suspended' WHERE id = $1`, [id]);
        return id;
      },
    ],
    [
      'a deleted person',
      'user',
      async () => {
        const { userId: id } = await seedUser(db, tenantId);
        await admin.query(`DELETE FROM users WHERE id = $1`, [id]);
        return id;
      },
    ],
    [
      "other permissions of a role of the tenant's making",
      'tenant',
      async () => {
        const { tenantId: id } = await seedTenant(db);
        await admin.query(`INSERT INTO tenant_roles (tenant_id, name) VALUES ($1, 'Auditor')`, [
          id,
        ]);
        await admin.query(
          `UPDATE tenant_roles SET permissions = '["view_audit"]' WHERE tenant_id = $1`,
          [id],
        );
        return id;
      },
    ],
    [
      'another role of that kind',
      'user',
      async () => {
        const { userId: id } = await seedUser(db, tenantId);
        const { rows } = await admin.query<{ id: string }>(
          `INSERT INTO tenant_roles (tenant_id, name) VALUES ($1, 'Auditor') RETURNING id`,
          [tenantId],
        );
        await admin.query('UPDATE users SET custom_role_id = $2 WHERE id = $1', [id, rows[0]?.id]);
        return id;
      },
    ],
    [
      'a password that must be changed',
      'user',
      async () => {
        const { userId: id } = await seedUser(db, tenantId);
        await admin.query('UPDATE users SET must_change_password = true WHERE id = $1', [id]);
        return id;
      },
    ],
    [
      'a suspended tenant',
      'tenant',
      async () => {
        const { tenantId: id } = await seedTenant(db);
        await admin.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [id]);
        return id;
      },
    ],
    [
      'another plan',
      'tenant',
      async () => {
        const { tenantId: id } = await seedTenant(db);
        await admin.query(`UPDATE tenants SET plan_type = 'pro' WHERE id = $1`, [id]);
        return id;
      },
    ],
  ] as [string, string, () => Promise<string>][])('tells %s', async (_what, kind, change) => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const id = await change();
    await told(id);
    expect(listener.events).toContainEqual(expect.objectContaining({ kind, id }));
  });

  it('tells nothing of a log-in, a rotation and a changed name', async () => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const session = await openSession();
    await admin.query(
      'UPDATE user_sessions SET generation = 1, last_used_at = now() WHERE id = $1',
      [session],
    );
    await admin.query(`UPDATE users SET first_name = 'Eva', login_count = 7 WHERE id = $1`, [
      userId,
    ]);
    const last = await openSession();
    await end(admin, last);
    await told(last);
    // Questions under way at once are told the same twice, which does no harm.
    expect(new Set(listener.events.map(({ id }) => id))).toEqual(new Set([last]));
  });

  it('rings at the commit: without waiting for the next turn', async () => {
    startTransport(60_000);
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const session = await openSession();
    const started = performance.now();
    await end(admin, session);
    await told(session);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('tells the events of transactions in the order in which they commit, a long one included', async () => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const [early, late, last] = [await openSession(), await openSession(), await openSession()];
    const long = await admin.connect();
    try {
      await long.query('BEGIN');
      await end(long, early);
      await end(admin, late);
      await told(late);
      // Many cursors later, each past the long transaction's number.
      await end(admin, last);
      await told(last);
      expect(listener.count(early)).toBe(0);
      await long.query('COMMIT');
      await told(early);
    } finally {
      long.release();
    }
  });

  it('tells nothing that was rolled back', async () => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const [undone, done] = [await openSession(), await openSession()];
    const client = await admin.connect();
    await client.query('BEGIN');
    await end(client, undone);
    await client.query('ROLLBACK');
    client.release();
    await end(admin, done);
    await told(done);
    expect(listener.count(undone)).toBe(0);
  });

  it('goes on where it stood after its connection was ended, without a gap', async () => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const session = await openSession();
    await terminate();
    await end(admin, session);
    await told(session);
    expect(listener.gaps).toBe(1);
    await connected();
  });

  it.each(['1.5/1:1:', 'nonsense', '1:1:'])(
    'says that there is a gap when the cursor is of no use: %s',
    async (cursor) => {
      startTransport(60_000);
      await vi.waitFor(() => expect(listener.gaps).toBe(1));
      Object.assign(transport, { cursor: { value: cursor, asOf: Timestamp.now() } });
      transport.poll();
      await vi.waitFor(() => expect(listener.gaps).toBeGreaterThan(1));
    },
  );

  it('asks every two seconds while it rests, lest somebody keep an event from it for good', async () => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    transport.resting = true;
    const session = await openSession();
    await end(admin, session);
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 2_000);
    await told(session);
    clock.mockRestore();
    expect(listener.gaps).toBe(1);
  });

  it('says that there is a gap when it was away for longer than events are kept', async () => {
    startTransport(60_000);
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const session = await openSession();
    await end(admin, session);
    await told(session);
    expect(listener.gaps).toBe(1);
    const away = performance.now() + 15 * 60 * 1000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(away);
    transport.poll();
    await vi.waitFor(() => expect(listener.gaps).toBe(2));
    clock.mockRestore();
  });

  it('counts too many events to tell as a gap', async () => {
    startTransport(60_000);
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    await admin.query(
      `INSERT INTO revocation_events (tenant_id, kind, subject_id)
       SELECT $1, 'user', gen_random_uuid() FROM generate_series(1, 5001)`,
      [tenantId],
    );
    transport.poll();
    await vi.waitFor(() => expect(listener.gaps).toBe(2));
    expect(listener.events).toEqual([]);
  });

  it('can ask through an index, below the policies of the function that asks', async () => {
    startTransport();
    const client = await admin.connect();
    await client.query('BEGIN; SET LOCAL ROLE tenant_gatekeeper; SET LOCAL enable_seqscan = off');
    const planOf = async (condition: string): Promise<string> => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT r.kind FROM revocation_events r WHERE ${condition}`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const plans = [
      await planOf('r.xid >= pg_snapshot_xmax(pg_current_snapshot())'),
      await planOf('r.xid = ANY (ARRAY(SELECT pg_snapshot_xip(pg_current_snapshot())))'),
    ];
    await client.query('ROLLBACK');
    client.release();
    for (const plan of plans) {
      expect(plan).toContain('revocation_events_xid_idx');
      expect(plan).toMatch(/Index Cond: \(xid (>=|=)/);
    }
  });

  it('lets the login see no row of the table itself, whatever tenant it names', async () => {
    startTransport();
    const client = new pg.Client({ connectionString: db.serviceUrl });
    await client.connect();
    await client.query(`SELECT set_user_context($1, NULL, 'admin')`, [tenantId]);
    await expect(client.query('SELECT * FROM revocation_events')).rejects.toMatchObject({
      code: '42501',
    });
    await expect(client.query('SELECT prune_revocations()')).rejects.toMatchObject({
      code: '42501',
    });
    await client.end();
  });

  it('keeps an event for twenty minutes from when it was found committed, not from when it was written', async () => {
    startTransport();
    await admin.query('DELETE FROM revocation_events');
    await admin.query(
      `INSERT INTO revocation_events (tenant_id, kind, subject_id, occurred_at) VALUES ($1, 'user', $2, now() - interval '1 hour')`,
      [tenantId, userId],
    );
    const prune = async () => {
      const platform = new pg.Client({ connectionString: db.platformUrl });
      await platform.connect();
      const { rows } = await platform.query<{ pruned: string }>(
        'SELECT prune_revocations() AS pruned',
      );
      await platform.end();
      return Number(rows[0]?.pruned);
    };
    expect(await prune()).toBe(0);
    expect(await prune()).toBe(0);
    await admin.query(`UPDATE revocation_events SET retired_at = now() - interval '21 minutes'`);
    expect(await prune()).toBe(1);
  });

  it('writes one event, not one for each of its people, when a tenant is deleted', async () => {
    startTransport();
    await vi.waitFor(() => expect(listener.gaps).toBe(1));
    const { tenantId: gone } = await seedTenant(db);
    for (let person = 0; person < 3; person += 1) await seedUser(db, gone);
    // As a purge goes about it: without the row of usage the triggers know that the tenant is going.
    await admin.query('DELETE FROM tenant_usage WHERE tenant_id = $1', [gone]);
    await admin.query('DELETE FROM users WHERE tenant_id = $1', [gone]);
    await admin.query(`UPDATE tenants SET name = 'Gone' WHERE id = $1`, [gone]);
    await told(gone);
    expect(listener.events.filter(({ kind }) => kind === 'user')).toEqual([]);
  });
});
