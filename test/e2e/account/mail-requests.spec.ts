import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MailRequests } from '../../../apps/auth-service/src/auth/mail-requests/mail-requests.js';
import { OneTimeTokenPruning } from '../../../apps/auth-service/src/auth/one-time-tokens/one-time-token.pruning.js';
import type { ServiceFixture } from '../service.fixture.js';
import { bare } from '../users/users.fixture.js';
import { type AccountScene, accountScene } from './account.fixture.js';

let scene: AccountScene;
let second: ServiceFixture;

beforeAll(async () => {
  scene = await accountScene();
  second = await scene.service.restarted();
});

afterAll(async () => {
  await second?.app.close();
  await scene?.service.stop();
});

const requestsOf = ({ app }: ServiceFixture) => app.get(MailRequests, { strict: false });

const stored = (tenantId: string) =>
  scene.service.sql('SELECT id FROM mail_requests WHERE tenant_id = $1', [tenantId]);

const forget = (email: string, host: string) =>
  scene.post('/auth/password/forgot', { email }, host);

const WAIT = { timeout: 10_000, interval: 10 };

const waitingForLock = async (count: number): Promise<void> => {
  const waiting = `SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'`;
  expect(await scene.service.sql(waiting)).toHaveLength(count);
};

/** As many as a tenant can have, which other processes work off. */
const fill = (tenantId: string, lease = '1 hour', count = 200) =>
  scene.service.sql(
    `INSERT INTO mail_requests (tenant_id, kind, content, lease_until)
     SELECT $1, 'reset_password', '\\x00', now() + $2::interval FROM generate_series(1, $3::int)`,
    [tenantId, lease, count],
  );

describe('Requests for a mail', () => {
  it('of a tenant with 200 that wait are refused for every address, and those of another tenant are not', async () => {
    const { service, tenant, mails, user } = scene;
    const hostile = await service.tenant();
    const known = await service.user(hostile.tenantId);
    const member = await user();
    await fill(hostile.tenantId);
    const refused = await Promise.all(
      [known.email, `${randomUUID()}@example.com`].map((email) => forget(email, hostile.host)),
    );
    for (const answer of refused)
      expect(answer).toMatchObject({ status: 503, error: { code: 'SERVICE_BUSY' } });
    expect(bare(refused[0]!)).toEqual(bare(refused[1]!));
    expect((await forget(member.email, tenant.host)).status).toBe(202);
    await mails.next('reset_password', member.email);
    expect(mails.kindsTo(known.email)).toEqual([]);
  });

  it('that another process takes over while they wait in the one that accepted them send one mail', async () => {
    const { service, tenant, mails, user } = scene;
    const [first, member] = [await user(), await user()];
    const locks = new pg.Client(service.database.adminUrl);
    await locks.connect();
    // The mail of the first request waits for this, so the second one waits for its turn.
    await locks.query(`SELECT pg_advisory_lock(hashtext('outgoing_mails'), hashtext($1::text))`, [
      tenant.tenantId,
    ]);
    try {
      await forget(first.email, tenant.host);
      await vi.waitFor(() => waitingForLock(1), WAIT);
      await forget(member.email, tenant.host);
      // All but the one whose row is locked.
      await service.sql(
        `UPDATE mail_requests SET lease_until = now() WHERE (tenant_id, id) IN (
           SELECT tenant_id, id FROM mail_requests WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED)`,
        [tenant.tenantId],
      );
      await requestsOf(second).resume();
      await vi.waitFor(() => waitingForLock(2), WAIT);
    } finally {
      await locks.end();
    }
    await Promise.all([service, second].map((one) => requestsOf(one).onApplicationShutdown()));
    await mails.next('reset_password', member.email);
    expect(await stored(tenant.tenantId)).toEqual([]);
  });

  it('that cannot be read are left to expire, and hold up no other', async () => {
    const { service, tenant } = scene;
    const hostile = await service.tenant();
    await fill(hostile.tenantId, '0 seconds', 3);
    await requestsOf(service).resume();
    expect(await stored(hostile.tenantId)).toHaveLength(3);
    await service.sql('UPDATE mail_requests SET expires_at = now() WHERE tenant_id = $1', [
      hostile.tenantId,
    ]);
    await service.app.get(OneTimeTokenPruning, { strict: false }).prune();
    expect(await stored(hostile.tenantId)).toEqual([]);
    expect(await stored(tenant.tenantId)).toEqual([]);
  });
});
