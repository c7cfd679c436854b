import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule } from '@poc-tracker/http-service';
import { PlatformDatabase, type SqlRunner, TenancyModule } from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SecurityEvents } from '../audit/security-events.js';
import { APP_CONFIG } from '../config/app-config.js';
import { testConfig } from '../config/test-config.js';
import { Clock } from '../session/clock.js';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import { SessionRepository } from '../session/session.repository.js';
import { EntitlementRepository } from '../tenant/entitlements/entitlement.repository.js';
import { EntitlementService } from '../tenant/entitlements/entitlement.service.js';
import { TenantLifecycleRepository } from '../tenant/lifecycle/tenant-lifecycle.repository.js';
import { TenantLifecycleService } from '../tenant/lifecycle/tenant-lifecycle.service.js';
import { TenantRepository } from '../tenant/tenant.repository.js';
import { UserDirectoryRepository } from '../user/user-directory.repository.js';
import { UserRepository } from '../user/user.repository.js';
import { UserService } from '../user/user.service.js';

const EMAIL = 'ops@example.com';

/** The form that the database requires; no log-in uses it. */
const HASH = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA';
const OTHER_HASH = '$argon2id$v=19$m=8,t=1,p=1$b3RoZXJzYWx0$aGFzaA';

/**
 * The operators' login has no tenant policy. Two tenants that share a user id, an address and a session id show whether
 * each statement names its tenant.
 */
describe('a change in the transaction of an operator', () => {
  let db: TestDatabase;
  let module: TestingModule;
  let changed: string;
  let other: string;
  let userId: string;

  beforeAll(async () => {
    db = await createTestDatabase();
    module = await Test.createTestingModule({
      imports: [
        ConfigModule.of(APP_CONFIG, testConfig(db)),
        TenancyModule.forOperators({ url: db.platformUrl, tls: false }),
      ],
      providers: [
        Clock,
        EntitlementRepository,
        EntitlementService,
        SecurityEvents,
        SessionRepository,
        SessionRevocationService,
        TenantLifecycleRepository,
        TenantLifecycleService,
        TenantRepository,
        UserDirectoryRepository,
        UserRepository,
        UserService,
      ],
    }).compile();
  });

  afterAll(async () => {
    await module.close();
    await db.drop();
  });

  beforeEach(async () => {
    userId = randomUUID();
    changed = (await seedTenant(db)).tenantId;
    other = (await seedTenant(db)).tenantId;
    for (const tenantId of [changed, other]) {
      for (const [id, email] of [
        [userId, EMAIL],
        [randomUUID(), 'second@example.com'],
      ])
        await db.sql(
          `INSERT INTO users (tenant_id, id, email, password_hash, role) VALUES ($1, $2, $3, $4, 'admin')`,
          [tenantId, id, email, HASH],
        );
      await db.sql(
        `INSERT INTO user_sessions (tenant_id, id, user_id, refresh_token_hash, refresh_nonce, expires_at)
         VALUES ($1, $2, $2, sha256('x'), 'x', now() + interval '1 hour')`,
        [tenantId, userId],
      );
    }
  });

  const service = <T>(type: new (...args: never[]) => T): T => module.get(type, { strict: false });

  const inTenant = <T>(tenantId: string | null, work: (transaction: SqlRunner) => Promise<T>) =>
    module.get(PlatformDatabase).transaction({ tenantId, operatorId: null }, work);

  async function rowsOf(tenantId: string): Promise<Record<string, unknown>> {
    const rows: Record<string, unknown> = {};
    for (const [table, key] of [
      ['tenants', 'id'],
      ['tenant_settings', 'tenant_id'],
      ['tenant_usage', 'tenant_id'],
      ['users', 'tenant_id'],
      ['user_sessions', 'tenant_id'],
      ['security_events', 'tenant_id'],
      ['audit_log', 'tenant_id'],
    ] as const)
      rows[table] = await db.sql(`SELECT to_jsonb(t) AS row FROM ${table} t WHERE ${key} = $1`, [
        tenantId,
      ]);
    return rows;
  }

  const CHANGES: Record<string, (transaction: SqlRunner) => Promise<unknown>> = {
    'reinstates a user': (transaction) =>
      service(UserService).reinstate(transaction, userId, {
        role: 'user',
        passwordHash: OTHER_HASH,
      }),
    'suspends a user': (transaction) => service(UserService).suspend(transaction, userId),
    'creates a user': (transaction) =>
      service(UserService).create(transaction, {
        id: randomUUID(),
        email: 'new@example.com',
        passwordHash: HASH,
        firstName: null,
        lastName: null,
        role: 'user',
      }),
    'revokes all sessions of a user': (transaction) =>
      service(SessionRevocationService).revokeAll(transaction, userId),
    'records an event': (transaction) =>
      service(SecurityEvents).recordIn(transaction, {
        type: 'operator.accessed',
        result: 'success',
      }),
    'changes the plan': (transaction) =>
      service(EntitlementService).changePlan(transaction, changed, { plan: 'pro' }),
    'suspends the tenant': (transaction) =>
      service(TenantLifecycleService).transition(transaction, 'suspend', {
        tenantId: changed,
        operatorId: null,
        reason: 'unpaid',
      }),
  };

  it.each(Object.entries(CHANGES))(
    '%s of its tenant and leaves another tenant alone',
    async (_, change) => {
      const before = [await rowsOf(changed), await rowsOf(other)];
      await inTenant(changed, change);
      expect(await rowsOf(other)).toEqual(before[1]);
      expect(await rowsOf(changed)).not.toEqual(before[0]);
    },
  );

  it('finds the user of its tenant by their address, and none without a tenant', async () => {
    await db.sql(`UPDATE users SET status = 'suspended' WHERE tenant_id = $1 AND id = $2`, [
      changed,
      userId,
    ]);
    const find = (transaction: SqlRunner) =>
      service(UserService).findByEmailForUpdate(transaction, EMAIL);
    expect(await inTenant(changed, find)).toEqual({
      id: userId,
      email: EMAIL,
      status: 'suspended',
    });
    expect(await inTenant(other, find)).toEqual({ id: userId, email: EMAIL, status: 'active' });
    expect(await inTenant(null, find)).toBeNull();
  });

  it.each(['creates a user', 'records an event'])(
    '%s in no transaction without a tenant',
    async (name) => {
      await expect(inTenant(null, CHANGES[name] ?? fail)).rejects.toMatchObject({ code: '23502' });
    },
  );

  it.each(['reinstates a user', 'suspends a user', 'revokes all sessions of a user'])(
    '%s of no tenant in a transaction without a tenant',
    async (name) => {
      const before = [await rowsOf(changed), await rowsOf(other)];
      await inTenant(null, CHANGES[name] ?? fail);
      expect([await rowsOf(changed), await rowsOf(other)]).toEqual(before);
    },
  );
});

function fail(): never {
  throw new Error('There is no such change.');
}
