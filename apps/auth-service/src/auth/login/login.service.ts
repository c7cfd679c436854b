import { ApiError, type ErrorCode, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { RequestClient } from '@poc-tracker/tenancy';
import { type SecurityEvent, SecurityEvents } from '../../audit/security-events.js';
import { countryDetails } from '../../protection/country/country.guard.js';
import { LoginRisk, type PresentedLogin } from '../../session/login-history/login-risk.js';
import { isSuspicious, type RiskScore } from '../../protection/risk/risk-score.js';
import type { UserTokensResponse } from '../../session/session.response.js';
import { SessionService } from '../../session/session.service.js';
import type { TenantSettings } from '../../tenant/settings/settings-catalogue.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { RefusedCredentials, UserCredentialsService } from '../../user/user-credentials.service.js';
import type { UserResponse } from '../../user/user.response.js';
import type { LoginDto } from './login.dto.js';
import { LoginNotices } from './login-notices.js';

/** How a user has proved to be who they are, for the audit log. */
type LoginMethod = 'password' | 'magic_link' | 'email_code';

/** The response to a suspicious log-in; null for one that succeeds. Until there is a second factor, a challenge cannot be passed. */
const REFUSAL_OF_POLICY = {
  observe: null,
  challenge: 'SECOND_FACTOR_REQUIRED',
  refuse: 'SUSPICIOUS_LOGIN',
} as const satisfies Record<TenantSettings['security']['riskPolicy'], ErrorCode | null>;

/**
 * Log-in by password. Passwords are hashed outside of any transaction: a hash takes longer than all statements of a
 * log-in together, and a burst of log-ins must not use up the connections of other requests.
 */
@Injectable()
export class LoginService {
  constructor(
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionService,
    private readonly risk: LoginRisk,
    private readonly tenants: TenantService,
    private readonly notices: LoginNotices,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Verifies the credentials, assesses the log-in and opens a session. A refusal is recorded although the request writes
   * nothing else.
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY; if the password is right, PASSWORD_CHANGE_REQUIRED, SUSPICIOUS_LOGIN,
   *   SECOND_FACTOR_REQUIRED.
   */
  async logIn(
    tenant: TenantSnapshot,
    input: LoginDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    const { email, password, deviceId } = input;
    return this.recordingRefusal(tenant, async () => {
      const verified = await this.credentials.verify(tenant, email, password);
      const { id } = verified;
      if (verified.mustChangePassword)
        throw new ApiError('PASSWORD_CHANGE_REQUIRED', { cause: new RefusedCredentials(id) });
      return this.credentials.inTransaction(tenant.id, id, async () => {
        await this.credentials.assertUnchanged(email, verified);
        await this.credentials.upgradeHash(verified);
        const user = await this.recordLogin(id, { password, client, deviceId });
        const tokens = await this.sessions.open({ ...user, tenant }, client, {
          deviceInfo: { deviceId },
          amr: ['pwd'],
        });
        return { user, tokens };
      });
    });
  }

  /** Counts and records the first log-in of a new user and opens its session, in the transaction of the caller. */
  async openFirstSession(
    tenant: TenantSnapshot,
    userId: string,
    client: RequestClient,
    deviceId?: string,
  ): Promise<UserTokensResponse> {
    const user = await this.credentials.recordLogin(userId);
    await this.recordSuccess(userId);
    const origin = { deviceInfo: { deviceId }, amr: ['pwd'] as const };
    return { user, tokens: await this.sessions.open({ ...user, tenant }, client, origin) };
  }

  /**
   * Counts, assesses and records a log-in, opens its session and revokes all others of the user, in the transaction of the
   * caller.
   * @throws ApiError SUSPICIOUS_LOGIN, SECOND_FACTOR_REQUIRED.
   */
  async openOnlySession(
    tenant: TenantSnapshot,
    userId: string,
    login: PresentedLogin,
  ): Promise<UserTokensResponse> {
    const user = await this.recordLogin(userId, login);
    const { client, deviceId } = login;
    const origin = { deviceInfo: { deviceId }, amr: ['pwd'] as const };
    const tokens = await this.sessions.openOnly({ ...user, tenant }, client, origin);
    return { user, tokens };
  }

  /**
   * Counts, assesses and records a log-in that was proved by other means than the password, and opens its session, in the
   * transaction of the caller, which has locked the user.
   * @throws ApiError SUSPICIOUS_LOGIN, SECOND_FACTOR_REQUIRED.
   */
  async openWithoutPassword(
    tenant: TenantSnapshot,
    userId: string,
    { method, ...login }: Omit<PresentedLogin, 'password'> & { method: LoginMethod },
  ): Promise<UserTokensResponse> {
    const user = await this.recordLogin(userId, login, method);
    const { client, deviceId } = login;
    const tokens = await this.sessions.open({ ...user, tenant }, client, { deviceId });
    return { user, tokens };
  }

  private async recordLogin(
    userId: string,
    login: PresentedLogin,
    method: LoginMethod = 'password',
  ): Promise<UserResponse> {
    const user = await this.credentials.recordLogin(userId);
    const risk = await this.risk.assess(user, login);
    // Few log-ins are suspicious: the others need no look at the settings.
    if (isSuspicious(risk)) await this.assertNotRefused(userId, risk);
    await this.recordSuccess(userId, { method, risk });
    await this.notices.tellOfLogin(user, { ...login, risk });
    return user;
  }

  private async recordSuccess(
    userId: string,
    assessment?: { method: LoginMethod; risk: RiskScore },
  ): Promise<void> {
    const target = { type: 'user', id: userId };
    const details = { ...countryDetails(), ...assessment };
    await this.events.record({ type: 'login.succeeded', result: 'success', target, details });
  }

  /** The response has no reasons: a thief must not learn what to change. */
  private async assertNotRefused(userId: string, risk: RiskScore): Promise<void> {
    const { riskPolicy } = (await this.tenants.settings()).security;
    const code = REFUSAL_OF_POLICY[riskPolicy];
    if (code !== null) throw new ApiError(code, { cause: new SuspiciousLogin(userId, risk) });
  }

  /** Runs an attempt to log in; records the event if it is refused. */
  async recordingRefusal<T>(tenant: TenantSnapshot, attempt: () => Promise<T>): Promise<T> {
    return this.events.recordingRefusal(tenant.id, attempt, loginFailure);
  }
}

/** A suspicious log-in that was refused, for the audit log only. */
class SuspiciousLogin extends Error {
  constructor(
    readonly userId: string,
    readonly risk: RiskScore,
  ) {
    super('The log-in is suspicious.');
  }
}

/**
 * Names the user whose address was tried, and never the address: a log of mistyped addresses would list people who have
 * no account, and passwords that were typed into the wrong field.
 */
function loginFailure({ code, cause }: ApiError): SecurityEvent {
  const named = cause instanceof RefusedCredentials || cause instanceof SuspiciousLogin;
  return {
    type: 'login.failed',
    result: 'failure',
    ...(named && { target: { type: 'user', id: cause.userId } }),
    details: {
      reason: code,
      ...countryDetails(),
      ...(cause instanceof RefusedCredentials &&
        cause.reason !== undefined && { cause: cause.reason }),
      ...(cause instanceof SuspiciousLogin && { risk: cause.risk }),
    },
  };
}
