import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { SecurityEvents } from '../../../apps/auth-service/src/audit/security-events.js';
import {
  admin,
  expectNoSecrets,
  logIn,
  service,
  useAuditedService,
} from './audit-events.fixture.js';

/** PostgreSQL's code for a lock that was waited for too long. */
const LOCK_NOT_AVAILABLE = '55P03';

useAuditedService();

describe('A burst of failed log-ins', () => {
  it('is recorded completely and leaves connections for other requests', async () => {
    const { host, tenantId, token } = await admin();
    const { email } = await service.user(tenantId);
    const storm = Array.from({ length: 300 }, (_, index) =>
      logIn(host, index % 2 === 0 ? email : `${index}@example.com`, 'wrong wrong wrong'),
    );
    const meanwhile: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      meanwhile.push((await service.call('GET', '/auth/me', { token })).status);
    }
    const statuses = (await Promise.all(storm)).map(({ status }) => status);
    expect(new Set(meanwhile)).toEqual(new Set([200]));
    await service.app.get(SecurityEvents, { strict: false }).onApplicationShutdown();
    const [row] = await service.sql<{ count: string }>(
      `SELECT sum(coalesce((details ->> 'count')::int, 1)) AS count
         FROM security_events WHERE tenant_id = $1 AND type = 'login.failed'`,
      [tenantId],
    );
    expect(Number(row?.count)).toBe(statuses.filter((status) => status === 401).length);
    expect(statuses.every((status) => status === 401 || status === 503)).toBe(true);
  });

  it('occupies at most four connections, however many refusals are recorded at once', async () => {
    const { tenantId, token } = await admin();
    let recorded: number;
    const recorder = service.app.get(SecurityEvents, { strict: false });
    const waiting = async () =>
      (
        await service.sql(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
              AND query LIKE '%INTO security_events%'`,
        )
      ).length;
    const blocking = new pg.Client(service.database.adminUrl);
    await blocking.connect();
    try {
      // No event can be written, and each attempt keeps its connection.
      await blocking.query('BEGIN; LOCK TABLE security_events IN SHARE MODE');
      const storm = Promise.allSettled(
        Array.from({ length: 500 }, () =>
          recorder.recordInOwnTransaction(tenantId, { type: 'login.failed', result: 'failure' }),
        ),
      );
      await expect.poll(waiting).toBe(4);
      expect((await service.call('GET', '/auth/me', { token })).status).toBe(200);
      expect(await waiting()).toBeLessThanOrEqual(4);
      await blocking.query('COMMIT');
      const outcomes = await storm;
      // On a slow machine, some have waited for the lock for too long: their attempts get 503, and no entry is missing.
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      for (const { reason } of refused as PromiseRejectedResult[])
        expect(reason).toMatchObject({ code: LOCK_NOT_AVAILABLE });
      recorded = outcomes.length - refused.length;
    } finally {
      await blocking.end();
    }
    const [row] = await service.sql<{ count: string }>(
      `SELECT count(*) FROM security_events WHERE tenant_id = $1 AND type = 'login.failed'`,
      [tenantId],
    );
    expect(Number(row?.count)).toBe(recorded);
    expect(recorded).toBeGreaterThan(400);
  });
});

describe('The audit log after all these failures', () => {
  it('contains no password, no token and no hash of one', () => expectNoSecrets(400));
});
