import type { DynamicModule } from '@nestjs/common';
import {
  ACCESS_TOKEN_TYPE,
  type AccessTokenClaims,
  assuranceLevel,
  type AuthenticationMethod,
  effectiveFeatures,
  effectivePermissions,
  type FactorKind,
  type FeatureSet,
  FIRST_PARTY_CLIENT_ID,
  type Permission,
  PLAN_CATALOGUE,
  type Plan,
  type Role,
  type TenantSnapshot,
} from '@poc-tracker/contracts';
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { ACCESS_TOKEN_SECONDS } from './token/access-token.claims.js';
import { AuthKitModule } from './auth-kit.module.js';
import { DEFAULT_PARTIES, guardedModule } from './issuer-connection.js';
import { KeyRing } from './token/key-ring.js';
import type {
  FactorDue,
  SessionClaims,
  SessionStatus,
  SessionStatusSource,
} from './session-status/session-status.js';
import { SessionStatusService } from './session-status/session-status.service.js';

/** The user that a test signs in. Defaults to a `user` of the tenant `acme` on the basic plan. */
export interface TestSubject {
  userId?: string;
  role?: Role;
  /** In addition to those of the role. */
  permissions?: readonly Permission[];
  plan?: Plan;
  /** Override those of the plan. */
  features?: Partial<FeatureSet>;
  tenant?: Partial<TenantSnapshot>;
  /** How and when the user authenticated: by password, now. `at` is in seconds since the epoch. */
  authentication?: { methods?: readonly AuthenticationMethod[]; at?: number };
  /** The second factors of the user: none. */
  factors?: readonly FactorKind[];
  /** What the session lacks in a tenant that requires a second factor: nothing. */
  factorDue?: FactorDue;
}

/** A token, and the ids of its principal. */
export interface SignedIn {
  token: string;
  userId: string;
  tenantId: string;
  sessionId: string;
}

/**
 * Replaces the auth service in the tests of an application: signs access tokens with a key of its own and keeps the
 * status of their sessions in memory. It needs no network.
 *
 *     const issuer = new TestIssuer();
 *     const module = await Test.createTestingModule({ imports: [issuer.module()], controllers: [CatsController] }).compile();
 *     const { token } = issuer.signIn({ role: 'manager', features: { api_access: true } });
 */
export class TestIssuer implements SessionStatusSource {
  private readonly privateKey: KeyObject;
  private readonly keys: KeyRing;
  private readonly sessionStatus = new Map<string, SessionStatus>();

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.privateKey = privateKey;
    this.keys = new KeyRing([publicKey]);
  }

  /** The module to import instead of `connectToIssuer(…)`: the same guards, this issuer's tokens. */
  module(): DynamicModule {
    return guardedModule(
      AuthKitModule.forRoot({
        ...DEFAULT_PARTIES,
        keys: this.keys,
        sessionStatus: { useValue: new SessionStatusService({ source: this }) },
      }),
    );
  }

  /** Creates a session and an access token for it. */
  signIn(subject: TestSubject = {}): SignedIn {
    const { userId = randomUUID(), role = 'user', permissions = [] } = subject;
    const { authentication = {}, factors = [], factorDue = null } = subject;
    const tenant = tenantOf(subject);
    const sessionId = randomUUID();
    this.sessionStatus.set(sessionId, {
      sessionActive: true,
      sessionExpiresAt: Date.now() + ACCESS_TOKEN_SECONDS * 1_000,
      sessionExpiresInMs: ACCESS_TOKEN_SECONDS * 1_000,
      userStatus: 'active',
      role,
      permissions,
      factors,
      factorDue,
      tenant,
    });
    const claims = claimsOf({ userId, role, permissions, tenant, sessionId, authentication });
    return { token: this.sign(claims), userId, tenantId: tenant.id, sessionId };
  }

  /** Revokes a session: its tokens are refused from now on. */
  revoke({ sessionId }: Pick<SignedIn, 'sessionId'>): void {
    this.change(sessionId, { sessionActive: false });
  }

  /** Changes the status of a session, for example its role or plan, without a new token. */
  change(sessionId: string, change: Partial<SessionStatus>): void {
    const status = this.sessionStatus.get(sessionId);
    if (status === undefined) throw new Error('This issuer has no such session.');
    this.sessionStatus.set(sessionId, { ...status, ...change });
  }

  /** Signs any claims, valid or not. */
  sign(claims: Partial<AccessTokenClaims>): string {
    const [kid] = this.keys.jwks().keys.map((key) => key.kid);
    const content = [{ alg: 'RS256', typ: ACCESS_TOKEN_TYPE, kid }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${content}.${sign('sha256', Buffer.from(content), this.privateKey).toString('base64url')}`;
  }

  /** Called by the session status service. */
  fetch({ session_id }: SessionClaims): Promise<SessionStatus | undefined> {
    return Promise.resolve(this.sessionStatus.get(session_id));
  }
}

function tenantOf({ plan = 'basic', features = {}, tenant = {} }: TestSubject): TenantSnapshot {
  return {
    id: randomUUID(),
    name: 'Acme',
    subdomain: 'acme',
    customDomain: null,
    plan,
    status: 'active',
    features: effectiveFeatures(plan, features),
    limits: PLAN_CATALOGUE[plan].limits,
    subscriptionEndsAt: null,
    isPlatform: false,
    ...tenant,
  };
}

function claimsOf(subject: {
  userId: string;
  role: Role;
  permissions: readonly Permission[];
  tenant: TenantSnapshot;
  sessionId: string;
  authentication: NonNullable<TestSubject['authentication']>;
}): AccessTokenClaims {
  const { userId, role, permissions, tenant, sessionId } = subject;
  const iat = Math.floor(Date.now() / 1_000);
  const { methods = ['pwd'], at = iat } = subject.authentication;
  return {
    sub: userId,
    iss: DEFAULT_PARTIES.issuer,
    aud: DEFAULT_PARTIES.audience,
    exp: iat + ACCESS_TOKEN_SECONDS,
    iat,
    jti: randomUUID(),
    client_id: FIRST_PARTY_CLIENT_ID,
    tenant_id: tenant.id,
    tenant_subdomain: tenant.subdomain,
    user_role: role,
    permissions: effectivePermissions(role, permissions),
    plan_type: tenant.plan,
    session_id: sessionId,
    amr: [...methods],
    acr: assuranceLevel(methods),
    auth_time: at,
  };
}
