import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { RequestClient } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { countryDetails } from '../../protection/country/country.guard.js';
import { LoginRisk } from '../../session/login-history/login-risk.js';
import { isSuspicious, type RiskScore } from '../../protection/risk/risk-score.js';
import type { UserTokensResponse } from '../../session/session.response.js';
import { SessionService } from '../../session/session.service.js';
import type { TenantSettings } from '../../tenant/settings/settings-catalogue.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { RefusedCredentials, UserCredentialsService } from '../../user/user-credentials.service.js';
import type { UserRecord } from '../../user/user.service.js';
import { loginFailure, SuspiciousLogin } from './login-refusal.js';
import type { LoginDto } from './login.dto.js';
import { LoginNotices } from './login-notices.js';
import type { ProvenLogin } from './proven-login.js';
import {
  type ChallengeDetails,
  type NextStep,
  SecondFactorService,
} from './second-factor/second-factor.service.js';

/** A log-in that opened a session, or one that waits for a second factor. */
export type LoginOutcome = UserTokensResponse | { challenge: ChallengeDetails };

/**
 * Log-in by password, and the one place where every log-in becomes a session, however its user has proved who they are. Passwords
 * are hashed outside of any transaction: a hash takes longer than all statements of a log-in together, and a burst of
 * log-ins must not use up the connections of other requests.
 */
@Injectable()
export class LoginService {
  constructor(
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionService,
    private readonly factors: SecondFactorService,
    private readonly risk: LoginRisk,
    private readonly tenants: TenantService,
    private readonly notices: LoginNotices,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Verifies the credentials and opens a session.
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY; if the password is right, PASSWORD_CHANGE_REQUIRED, SUSPICIOUS_LOGIN,
   *   SECOND_FACTOR_REQUIRED.
   */
  async logIn(
    tenant: TenantSnapshot,
    input: LoginDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    const { email, password, deviceId } = input;
    return this.attempt(tenant, async () => {
      const verified = await this.credentials.verify(tenant, email, password);
      const { id: userId } = verified;
      if (verified.mustChangePassword)
        throw new ApiError('PASSWORD_CHANGE_REQUIRED', { cause: new RefusedCredentials(userId) });
      const login: ProvenLogin = { tenant, userId, amr: ['pwd'], client, deviceId, password };
      return this.open(login, async () => {
        await this.credentials.assertUnchanged(email, verified);
        await this.credentials.upgradeHash(verified);
      });
    });
  }

  /**
   * Runs an attempt to log in. A refusal is recorded although the request writes nothing else. One that waits for a second
   * factor is none.
   * @throws ApiError SECOND_FACTOR_REQUIRED (details: {@link ChallengeDetails}), and those of the attempt.
   */
  async attempt(
    tenant: TenantSnapshot,
    work: () => Promise<LoginOutcome>,
  ): Promise<UserTokensResponse> {
    const outcome = await this.events.recordingRefusal(tenant.id, work, loginFailure);
    if ('challenge' in outcome)
      throw new ApiError('SECOND_FACTOR_REQUIRED', { details: outcome.challenge });
    return outcome;
  }

  /**
   * Assesses a log-in in a transaction of its own, and opens its session unless it needs a second factor. Call it in `attempt`.
   * @param prepare runs in the transaction before, and locks what the proof relies on
   * @throws ApiError SUSPICIOUS_LOGIN, SERVICE_BUSY, and those of `prepare`.
   */
  async open(login: ProvenLogin, prepare: () => Promise<void>): Promise<LoginOutcome> {
    const { tenant, userId } = login;
    return this.credentials.inTransaction(tenant.id, userId, async () => {
      await prepare();
      const user = await this.credentials.findUser(userId);
      const risk = await this.risk.assess(user, login);
      const next = await this.nextStep(user, login, await this.policyFor(risk));
      if (next === null)
        throw new ApiError('SUSPICIOUS_LOGIN', { cause: new SuspiciousLogin(userId, risk) });
      if ('amr' in next) return this.openSession({ ...login, amr: next.amr }, risk);
      await this.record('login.challenged', login, risk);
      return next;
    });
  }

  /** Counts and records the first log-in of a new user and opens its session, in the transaction of the caller. */
  async openFirstSession(
    tenant: TenantSnapshot,
    userId: string,
    client: RequestClient,
    deviceId?: string,
  ): Promise<UserTokensResponse> {
    return this.openSession({ tenant, userId, amr: ['pwd'], client, deviceId });
  }

  private async openSession(login: ProvenLogin, risk?: RiskScore): Promise<UserTokensResponse> {
    const { tenant, userId, amr, client, deviceId, revokesOthers } = login;
    const user = await this.credentials.recordLogin(userId);
    await this.record('login.succeeded', login, risk);
    if (risk !== undefined) await this.notices.tellOfLogin(user, { client, risk });
    const origin = { deviceInfo: { deviceId }, amr, revokesOthers };
    const tokens = await this.sessions.open({ ...user, tenant }, client, origin);
    return { user, tokens };
  }

  private async record(
    type: 'login.succeeded' | 'login.challenged',
    { userId, amr }: ProvenLogin,
    risk?: RiskScore,
  ): Promise<void> {
    const target = { type: 'user', id: userId };
    const details = { ...countryDetails(), methods: amr.join(' '), ...(risk && { risk }) };
    await this.events.record({ type, result: 'success', target, details });
  }

  /** @returns null for a suspicious log-in that is refused. */
  private async nextStep(
    user: UserRecord,
    login: ProvenLogin,
    policy: TenantSettings['security']['riskPolicy'],
  ): Promise<NextStep | null> {
    if (policy === 'refuse') return null;
    return policy === 'challenge'
      ? this.factors.nextSuspiciousStep(user, login)
      : this.factors.nextStep(user, login, true);
  }

  /** Few log-ins are suspicious: the others need no look at the settings. */
  private async policyFor(risk: RiskScore): Promise<TenantSettings['security']['riskPolicy']> {
    return isSuspicious(risk) ? (await this.tenants.settings()).security.riskPolicy : 'observe';
  }
}
