import { contextWithoutRights, TenancyModule, TenantDatabase } from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { Test, type TestingModule } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uuidAt } from '../../audit/uuid-range.js';
import { daily, insertFormerLogins } from './former-logins.fixture.js';
import {
  FIND_HISTORY,
  historyParameters,
  LoginHistoryRepository,
} from './login-history.repository.js';

const HOUR = 3_600_000;

interface Account {
  tenantId: string;
  userId: string;
}

let db: TestDatabase;
let module: TestingModule;
let database: TenantDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  module = await Test.createTestingModule({
    imports: [
      TenancyModule.forRoot({
        serviceUrl: db.serviceUrl,
        poolMin: 0,
        poolMax: 4,
        tls: false,
        requestTimeoutMs: 10_000,
        entities: [],
      }),
    ],
  }).compile();
  module.enableShutdownHooks();
  database = module.get(TenantDatabase);
});

afterAll(async () => {
  await module?.close();
  await db?.drop();
});

async function account(): Promise<Account> {
  const { tenantId } = await seedTenant(db);
  const { userId } = await seedUser(db, tenantId);
  return { tenantId, userId };
}

/** Users who must not be in the history of this one: a colleague, and the same id in another tenant. */
async function strangersTo({ tenantId, userId }: Account): Promise<Account[]> {
  const other = await seedTenant(db);
  await seedUser(db, other.tenantId, { userId });
  const colleague = await seedUser(db, tenantId, { role: 'admin' });
  return [
    { tenantId: other.tenantId, userId },
    { tenantId, userId: colleague.userId },
  ];
}

/** An id of a time in the past. */
const idAt = (minutesAgo: number): string =>
  uuidAt(Date.now() - minutesAgo * 60_000).slice(0, 24) + randomUUID().slice(24);

async function failLogin(
  { tenantId, userId }: Account,
  ipAddress: string | null,
  { minutesAgo = 1, type = 'login.failed' } = {},
): Promise<void> {
  await db.sql(
    `INSERT INTO security_events (tenant_id, id, type, result, actor_kind, target_type, target_id, ip_address)
     VALUES ($1, $2, $3, 'failure', 'anonymous', 'user', $4, $5)`,
    [tenantId, idAt(minutesAgo), type, userId, ipAddress],
  );
}

const historyOf = ({ tenantId, userId }: Account) =>
  database.transaction(contextWithoutRights(tenantId, userId), () =>
    new LoginHistoryRepository(database).find(userId),
  );

describe('The history of a log-in', () => {
  it('is empty, with the time of PostgreSQL, for a user who has never logged in', async () => {
    const { now, ...rest } = await historyOf(await account());
    expect(rest).toEqual({ logins: [], failedFrom: [] });
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(5_000);
  });

  it('has the sessions of the last 90 days, newest first, also those that have ended', async () => {
    const ana = await account();
    const device = { ipAddress: '2001:db8::7', userAgent: 'PocTracker/1', deviceId: 'ana-phone' };
    await insertFormerLogins(db, { ...ana, ...device, hoursAgo: [89 * 24, 91 * 24] });
    await insertFormerLogins(db, { ...ana, hoursAgo: [1] });
    await db.sql(
      `UPDATE user_sessions SET is_active = false, revoked_at = now() WHERE user_id = $1`,
      [ana.userId],
    );
    const { now, logins } = await historyOf(ana);
    const hoursAgo = logins.map(({ at }) => Math.round((now.getTime() - at) / HOUR));
    expect(hoursAgo).toEqual([1, 89 * 24]);
    expect(logins[0]).toMatchObject({ ipAddress: null, userAgent: null, deviceId: null });
    expect(logins[1]).toMatchObject({ ...device, lastUsedAt: logins[1]?.at });
  });

  it('has no more than 50 of them', async () => {
    const ana = await account();
    await insertFormerLogins(db, { ...ana, hoursAgo: daily(60) });
    const { now, logins } = await historyOf(ana);
    expect(logins).toHaveLength(50);
    expect(Math.round((now.getTime() - (logins.at(-1)?.at ?? 0)) / HOUR)).toBe(50 * 24);
  });

  it('has no session of another user, and none of the same id in another tenant', async () => {
    const ana = await account();
    await insertFormerLogins(db, { ...ana, hoursAgo: [1], userAgent: 'own' });
    for (const stranger of await strangersTo(ana))
      await insertFormerLogins(db, { ...stranger, hoursAgo: [1], userAgent: 'stranger' });
    expect((await historyOf(ana)).logins).toMatchObject([{ userAgent: 'own' }]);
  });

  it('has each address of failed log-ins to the account within ten minutes once', async () => {
    const ana = await account();
    for (const address of ['192.0.2.1', '192.0.2.1', '2001:db8::1', null])
      await failLogin(ana, address);
    await failLogin(ana, '192.0.2.9', { minutesAgo: 9.5 });
    await failLogin(ana, '192.0.2.10', { minutesAgo: 10.5 });
    await failLogin(ana, '192.0.2.11', { type: 'password.changed' });
    const { failedFrom } = await historyOf(ana);
    expect(failedFrom.sort()).toEqual(['192.0.2.1', '192.0.2.9', '2001:db8::1']);
  });

  it('has no failure of another user, and none of the same id in another tenant', async () => {
    const ana = await account();
    for (const stranger of await strangersTo(ana)) await failLogin(stranger, '192.0.2.1');
    expect((await historyOf(ana)).failedFrom).toEqual([]);
  });

  it('reads few pages, however many sessions and events an account has', async () => {
    const ana = await account();
    const many = [ana.tenantId, ana.userId];
    await db.sql(
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, created_at, expires_at)
       SELECT $1, $2, sha256(uuid_send(gen_random_uuid())), uuid_send(gen_random_uuid()), now() - i * interval '3 days', now()
         FROM generate_series(1, 3000) i`,
      many,
    );
    await db.sql(
      `INSERT INTO security_events (tenant_id, id, type, result, actor_kind, target_type, target_id, ip_address)
       SELECT $1, overlay(gen_random_uuid()::text PLACING '01890a5d' FROM 1)::uuid, 'login.failed', 'failure', 'anonymous',
              'user', $2, '192.0.2.1'
         FROM generate_series(1, 3000) i`,
      many,
    );
    await db.sql('ANALYZE user_sessions, security_events');
    const [row] = await database.transaction(
      contextWithoutRights(ana.tenantId, ana.userId),
      async () => {
        // The first call of a function reads the catalog.
        await database.query(FIND_HISTORY, historyParameters(ana.userId));
        return database.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
          `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${FIND_HISTORY}`,
          historyParameters(ana.userId),
        );
      },
    );
    const plan = row?.['QUERY PLAN'][0].Plan ?? {};
    const pages = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    expect(JSON.stringify(row)).toContain('user_sessions_user_idx');
    expect(pages).toBeLessThan(20);
  });
});
