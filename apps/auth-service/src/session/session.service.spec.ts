import type { RefreshTokenClaims, TenantSnapshot } from '@poc-tracker/contracts';
import { TenancyModule, TenantDatabase, TenantResolver } from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { SessionStatusService } from '@poc-tracker/auth-kit';
import { DatabaseSessionStatusSource } from '@poc-tracker/revocation-feed';
import { JwtService } from '@nestjs/jwt';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SecurityEvents } from '../audit/security-events.js';
import { testConfig } from '../config/test-config.js';
import type { TenantService } from '../tenant/tenant.service.js';
import { Clock } from './clock.js';
import { SessionRepository } from './session.repository.js';
import { SessionService } from './session.service.js';
import { TokenIssuer } from './tokens/token-issuer.js';
import { UserSession } from './user-session.entity.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DEVICE = { ipAddress: '203.0.113.7', userAgent: 'curl/8' };

/** A clock that stands still until it is moved. */
class HandClock extends Clock {
  private time = new Date('2026-11-20T12:00:00.000Z').getTime();

  override now(): Date {
    return new Date(this.time);
  }

  forward(milliseconds: number): void {
    this.time += milliseconds;
  }
}

function claimsOf(token: string): RefreshTokenClaims {
  return JSON.parse(
    Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
  ) as RefreshTokenClaims;
}

const settings = { security: { sessionTimeout: 24 } };
const tenants = { settings: () => Promise.resolve(settings) } as unknown as TenantService;

let db: TestDatabase;
let module: TestingModule;
let database: TenantDatabase;
let clock: HandClock;
let sessions: SessionService;
let feed: SessionStatusService;
let owner: { id: string; tenantId: string };

/** The service as a process has it that has just started: nothing in its memory. */
function startService(): void {
  const source = new DatabaseSessionStatusSource(database);
  feed = new SessionStatusService({ source, now: () => clock.now().getTime() });
  const issuer = new TokenIssuer(new JwtService({}), clock, testConfig(db));
  const resolver = new TenantResolver({ naming: testConfig(db).tenancy }, database);
  const repository = new SessionRepository(database);
  const events = new SecurityEvents(database);
  sessions = new SessionService(
    repository,
    issuer,
    feed,
    tenants,
    resolver,
    database,
    clock,
    events,
  );
}

const asOwner = <T>(work: () => Promise<T>): Promise<T> =>
  database.transaction({ tenantId: owner.tenantId, userId: owner.id, role: 'user' }, work);

async function open(): Promise<string> {
  const tenant = { id: owner.tenantId, subdomain: 'acme', plan: 'basic' } as TenantSnapshot;
  const tokens = await asOwner(() =>
    sessions.open({ id: owner.id, role: 'user', permissions: [], tenant }, DEVICE, {
      deviceId: 'phone',
    }),
  );
  return tokens.refreshToken;
}

/** Without a host that names a tenant: the token alone decides. */
const rotate = async (token: string, host = 'poctracker.com'): Promise<string> =>
  (await sessions.rotate(token, DEVICE, { host, headers: {}, query: {}, raw: { rawHeaders: [] } }))
    .refreshToken;

const stored = (token: string): Promise<UserSession> =>
  asOwner(async () =>
    (await database.manager()).findOneByOrFail(UserSession, { id: claimsOf(token).session_id }),
  );

const rights = async (token: string) => feed.currentRights(claimsOf(token));

beforeAll(async () => {
  db = await createTestDatabase();
  module = await Test.createTestingModule({
    imports: [
      TenancyModule.forRoot({
        serviceUrl: db.serviceUrl,
        poolMin: 0,
        poolMax: 10,
        tls: false,
        requestTimeoutMs: 10_000,
        entities: [UserSession],
      }),
    ],
  }).compile();
  module.enableShutdownHooks();
  database = module.get(TenantDatabase);
  const { tenantId } = await seedTenant(db);
  const { userId } = await seedUser(db, tenantId);
  owner = { id: userId, tenantId };
});

afterAll(async () => {
  await module?.close();
  await db?.drop();
});

beforeEach(() => {
  clock = new HandClock();
  settings.security.sessionTimeout = 24;
  startService();
});

describe('opening a session', () => {
  it('keeps the hash of the refresh token and never the token', async () => {
    const token = await open();
    const session = await stored(token);
    expect(session).toMatchObject({
      generation: 0,
      ipAddress: '203.0.113.7',
      userAgent: 'curl/8',
      isActive: true,
    });
    expect(session.refreshTokenHash).toHaveLength(32);
    expect(JSON.stringify(session)).not.toContain(token);
  });

  it("lasts as many hours as the tenant's setting says", async () => {
    settings.security.sessionTimeout = 3;
    const session = await stored(await open());
    expect(session.expiresAt.getTime() - session.createdAt.getTime()).toBe(3 * HOUR);
  });
});

describe('rotation', () => {
  it('stays in the same session and the same row', async () => {
    let token = await open();
    const first = await stored(token);
    for (let round = 0; round < 20; round += 1) token = await rotate(token);
    const last = await stored(token);
    expect(last).toMatchObject({
      id: first.id,
      generation: 20,
      createdAt: first.createdAt,
      expiresAt: first.expiresAt,
    });
  });

  it('gives 100 parallel refreshes one and the same successor and logs nobody out', async () => {
    const token = await open();
    const successors = await Promise.all(Array.from({ length: 100 }, () => rotate(token)));
    expect(new Set(successors).size).toBe(1);
    expect(successors[0]).not.toBe(token);
    expect(await stored(token)).toMatchObject({ generation: 1, isActive: true });
    await expect(rotate(successors[0] ?? '')).resolves.toBeTypeOf('string');
  });

  it('gives the same successor to a client that lost the answer, while the grace lasts', async () => {
    const token = await open();
    const successor = await rotate(token);
    clock.forward(10 * SECOND);
    expect(await rotate(token)).toBe(successor);
  });

  it('ends the session on a replay after the grace, for the thief and the owner alike', async () => {
    const token = await open();
    const successor = await rotate(token);
    clock.forward(10 * SECOND + 1);
    await expect(rotate(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(await stored(token)).toMatchObject({ isActive: false, revokedAt: clock.now() });
    await expect(rotate(successor)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    await expect(rights(successor)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('tells spent tokens by their generation, so that two rotations within one second hide no replay', async () => {
    const token = await open();
    await rotate(await rotate(token));
    await expect(rotate(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect((await stored(token)).isActive).toBe(false);
  });

  it('refuses a replay after a restart', async () => {
    const token = await open();
    const successor = await rotate(token);
    clock.forward(11 * SECOND);
    startService();
    await expect(rotate(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    startService();
    await expect(rotate(successor)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('does not outlive the session, however often it is refreshed', async () => {
    let token = await open();
    const { expiresAt } = await stored(token);
    for (let hour = 0; hour < 23; hour += 1) {
      clock.forward(HOUR);
      token = await rotate(token);
      expect(claimsOf(token).exp * SECOND).toBe(expiresAt.getTime());
    }
    clock.forward(HOUR);
    await expect(rotate(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    await expect(rights(token)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
  });

  it('refuses a token that lay unused for seven days in a longer session', async () => {
    settings.security.sessionTimeout = 30 * 24;
    const token = await open();
    clock.forward(7 * 24 * HOUR);
    await expect(rotate(token)).rejects.toMatchObject({ code: 'INVALID_TOKEN' });
    expect((await stored(token)).isActive).toBe(true);
  });

  it('refuses the token of another tenant than the host names, and does not spend it', async () => {
    const token = await open();
    await expect(rotate(token, 'another.poctracker.com')).rejects.toMatchObject({
      code: 'TENANT_MISMATCH',
    });
    await expect(rotate(token)).resolves.toBeTypeOf('string');
  });
});

describe('revocation', () => {
  it('racing with a refresh never leaves a working token, 200 times', async () => {
    for (let round = 0; round < 200; round += 1) {
      const token = await open();
      const { session_id: sessionId } = claimsOf(token);
      const racing = [rotate(token), rotate(token)];
      const revoking = asOwner(() => sessions.revoke(owner.id, sessionId));
      const [, ...outcomes] = await Promise.allSettled([revoking, ...racing]);
      startService();
      const minted = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? [outcome.value] : [],
      );
      for (const any of [token, ...minted]) {
        await expect(rotate(any)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
        await expect(rights(any)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      }
    }
  }, 60_000);

  it('is known at once in this process and in one that has just started', async () => {
    const token = await open();
    await asOwner(() => sessions.revoke(owner.id, claimsOf(token).session_id));
    await expect(rights(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    startService();
    await expect(rights(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('of all but one leaves that one, and of all leaves none', async () => {
    await asOwner(() => sessions.revokeAll(owner.id));
    const [kept, ...others] = [await open(), await open(), await open()];
    const keptId = claimsOf(kept).session_id;
    expect(await asOwner(() => sessions.revokeOthers(owner.id, keptId))).toEqual({
      revoked: others.length,
    });
    const left = await asOwner(() => sessions.listOf(owner.id, keptId));
    expect(left).toMatchObject([{ id: keptId, current: true, deviceId: 'phone' }]);
    expect(await asOwner(() => sessions.revokeAll(owner.id))).toEqual({ revoked: 1 });
    expect(await asOwner(() => sessions.listOf(owner.id, keptId))).toEqual([]);
  });

  it("finds nothing to end in another person's sessions, even for a manager", async () => {
    const token = await open();
    const { userId } = await seedUser(db, owner.tenantId, { role: 'manager' });
    const attempt = database.transaction(
      { tenantId: owner.tenantId, userId, role: 'manager' },
      () => sessions.revoke(userId, claimsOf(token).session_id),
    );
    await expect(attempt).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await stored(token)).isActive).toBe(true);
  });
});
