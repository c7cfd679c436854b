import type { RefreshTokenClaims, TenantSnapshot } from '@poc-tracker/contracts';
import {
  contextWithoutRights,
  DatabaseTenantLookup,
  TenancyModule,
  TenantDatabase,
  TenantResolver,
} from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { SessionStatusService } from '@poc-tracker/auth-kit';
import { DatabaseSessionStatusSource } from '@poc-tracker/revocation-feed';
import { JwtService } from '@nestjs/jwt';
import { Test, type TestingModule } from '@nestjs/testing';
import { SecurityEvents } from '../audit/security-events.js';
import { testConfig } from '../config/test-config.js';
import type { TenantService } from '../tenant/tenant.service.js';
import { UserDirectoryRepository } from '../user/user-directory.repository.js';
import { UserRepository } from '../user/user.repository.js';
import { UserService } from '../user/user.service.js';
import { Clock } from './clock.js';
import { SessionRevocationService } from './session-revocation.service.js';
import { SessionRepository } from './session.repository.js';
import { SessionService } from './session.service.js';
import { RefreshService } from './tokens/refresh.service.js';
import { TokenIssuer } from './tokens/token-issuer.js';
import { UserSession } from './user-session.entity.js';
import { CountryAccess } from '../protection/country/country-access.js';
import { CountryDatabase } from '../protection/country/country-database.js';

export const SECOND = 1_000;
export const HOUR = 3_600 * SECOND;

const CLIENT = { ipAddress: '203.0.113.7', userAgent: 'curl/8' };

/** A clock that only a test moves. */
class ManualClock extends Clock {
  /** Tokens state whole seconds. */
  private time = Math.floor(Date.now() / SECOND) * SECOND;

  override nowIn(): Promise<Date> {
    return Promise.resolve(new Date(this.time));
  }

  forward(milliseconds: number): void {
    this.time += milliseconds;
  }
}

export function claimsOf(token: string): RefreshTokenClaims {
  return JSON.parse(
    Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
  ) as RefreshTokenClaims;
}

/** The session services of one process on a database of their own, with one user and a clock that a test moves. */
export class SessionFixture {
  clock: ManualClock;
  sessionTimeout = 24;
  sessionLifetime = 168;
  maxSessions = 100;
  sessions: SessionService;
  revocations: SessionRevocationService;
  private refreshes: RefreshService;
  private sessionStatus: SessionStatusService;

  private constructor(
    readonly db: TestDatabase,
    private readonly module: TestingModule,
    readonly database: TenantDatabase,
    readonly owner: { id: string; tenantId: string },
  ) {
    this.reset();
  }

  static async create(): Promise<SessionFixture> {
    const db = await createTestDatabase();
    const module = await Test.createTestingModule({
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
    const { tenantId } = await seedTenant(db);
    const { userId } = await seedUser(db, tenantId);
    return new SessionFixture(db, module, module.get(TenantDatabase), { id: userId, tenantId });
  }

  async close(): Promise<void> {
    await this.module.close();
    await this.db.drop();
  }

  /** The clock, the tenant's settings and the services as at the start. */
  reset(): void {
    this.clock = new ManualClock(this.database);
    this.sessionTimeout = 24;
    this.sessionLifetime = 168;
    this.maxSessions = 100;
    this.restart();
  }

  /** Replaces the services by those of a process that has just started, with an empty cache and perhaps another clock. */
  restart(clock: Clock = this.clock): void {
    const { database } = this;
    const settings = () => {
      const { sessionTimeout, sessionLifetime, maxSessions } = this;
      return Promise.resolve({ security: { sessionTimeout, sessionLifetime, maxSessions } });
    };
    const tenants = { settings } as unknown as TenantService;
    const config = testConfig(this.db);
    const issuer = new TokenIssuer(new JwtService({}), config);
    const repository = new SessionRepository(database);
    const events = new SecurityEvents(database);
    this.sessionStatus = new SessionStatusService({
      source: new DatabaseSessionStatusSource(database),
    });
    this.revocations = new SessionRevocationService(repository, clock, database, events);
    this.sessions = new SessionService(repository, issuer, tenants, clock, events);
    this.refreshes = new RefreshService(
      repository,
      new UserService(config, new UserRepository(database), new UserDirectoryRepository(database)),
      issuer,
      this.sessionStatus,
      new TenantResolver({ naming: config.tenancy }, new DatabaseTenantLookup(database)),
      new CountryAccess(new CountryDatabase(config), events),
      database,
      clock,
      events,
    );
  }

  asOwner<T>(work: () => Promise<T>, { tenantId, id: userId } = this.owner): Promise<T> {
    return this.database.transaction(contextWithoutRights(tenantId, userId), work);
  }

  /** Opens a session. @returns its refresh token. */
  async open(user = this.owner): Promise<string> {
    const tenant = { id: user.tenantId, subdomain: 'acme', plan: 'basic' } as TenantSnapshot;
    const owner = { id: user.id, role: 'user', permissions: [], tenant } as const;
    const device = { deviceId: 'phone' };
    const { refreshToken } = await this.asOwner(
      () => this.sessions.open(owner, CLIENT, { deviceInfo: device, amr: ['pwd'] }),
      user,
    );
    return refreshToken;
  }

  /** The default host names no tenant: the token alone decides. @returns the successor. */
  async refresh(token: string, host = 'poctracker.com'): Promise<string> {
    const request = { host, headers: {}, query: {} };
    return (await this.refreshes.refresh(token, CLIENT, request)).tokens.refreshToken;
  }

  /** Lets hours pass for a session and not for the clock: the database measures its use by the real time. */
  async age(token: string, hours: number): Promise<void> {
    await this.db.sql(
      `UPDATE user_sessions
          SET created_at = created_at - passed, rotated_at = rotated_at - passed, last_used_at = last_used_at - passed,
              ends_at = ends_at - passed, expires_at = expires_at - passed
         FROM (SELECT $2::float8 * interval '1 hour' AS passed) t WHERE id = $1`,
      [claimsOf(token).session_id, hours],
    );
  }

  stored(token: string): Promise<UserSession> {
    const { session_id: id } = claimsOf(token);
    return this.asOwner(async () =>
      (await this.database.manager()).findOneByOrFail(UserSession, { id }),
    );
  }

  async rights(token: string) {
    return this.sessionStatus.currentRights(claimsOf(token));
  }
}
