import { createHash, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ApiError, type AuthenticationMethod, type TenantSnapshot } from '@poc-tracker/contracts';
import { contextWithoutRights, type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { addKnownDevice, knownDevice } from '../../../protection/lockout/known-devices.js';
import { SessionRevocationService } from '../../../session/session-revocation.service.js';
import {
  CHALLENGE_SECONDS,
  type ChallengeClaims,
  ChallengeTokens,
} from '../../../session/tokens/challenge-tokens.js';
import { TenantService } from '../../../tenant/tenant.service.js';
import type { UserRecord } from '../../../user/user.service.js';
import type { ProvenLogin } from '../proven-login.js';
import { type LoginChallenge, SecondFactorRepository } from './second-factor.repository.js';

/** The `details` of SECOND_FACTOR_REQUIRED. */
export interface ChallengeDetails {
  challengeToken: string;
  /** Seconds. */
  expiresIn: number;
  /** The fields of `POST /auth/login/factor` of which one is enough. */
  methods: readonly string[];
}

/** How a log-in goes on: with a session that these methods have proved, or with a second factor. */
export type NextStep = { amr: readonly AuthenticationMethod[] } | { challenge: ChallengeDetails };

/** Decides whether a log-in needs a second factor, and keeps those that wait for one. */
@Injectable()
export class SecondFactorService {
  constructor(
    private readonly repository: SecondFactorRepository,
    private readonly tokens: ChallengeTokens,
    private readonly revocations: SessionRevocationService,
    private readonly tenants: TenantService,
    private readonly database: TenantDatabase,
  ) {}

  /**
   * Call it in the transaction of the log-in.
   * @param trustsDevices false for a suspicious log-in, on whichever device
   */
  async nextStep(
    { id, factors }: UserRecord,
    login: ProvenLogin,
    trustsDevices: boolean,
  ): Promise<NextStep> {
    const { tenant, amr } = login;
    if (factors.length === 0 || amr.includes('mfa')) return { amr };
    if (trustsDevices && (await this.isRemembered(tenant.id, id)))
      return { amr: [...amr, 'device'] };
    return this.challenge(id, login, [...factors, 'recoveryCode']);
  }

  /**
   * The same for a suspicious log-in that the tenant challenges: with the second factor, or with a code by mail if the user has
   * none. A mail is no second factor (NIST SP 800-63B, 3.1.3.1), so it is never `mfa` and never replaces one.
   * @returns null if the user can prove nothing more.
   */
  async nextSuspiciousStep(user: UserRecord, login: ProvenLogin): Promise<NextStep | null> {
    const { amr } = login;
    if (user.factors.length > 0 || amr.includes('mfa')) return this.nextStep(user, login, false);
    // After a log-in by mail, another mail proves nothing.
    if (!amr.includes('pwd') || !(await this.allowsEmailCodes())) return null;
    return amr.includes('email') ? { amr } : this.challenge(user.id, login, ['emailCode']);
  }

  private async challenge(
    id: string,
    login: ProvenLogin,
    methods: readonly string[],
  ): Promise<NextStep> {
    const { tenant, amr, client, deviceId = null, revokesOthers = false } = login;
    // At once, because the log-in may never be finished.
    if (revokesOthers) await this.revocations.revokeAll(this.database, id);
    const challenge = { amr: [...amr], deviceId, revokesOthers };
    const challengeToken = this.tokens.issue({
      tenant_id: tenant.id,
      sub: id,
      jti: await this.repository.insertChallenge(id, challenge),
      client: recognitionOf(tenant.id, id, client),
    });
    return { challenge: { challengeToken, expiresIn: CHALLENGE_SECONDS, methods } };
  }

  /**
   * The challenge of a token, with one more try counted, in a transaction of its own. The client must be the one that has
   * proved the first factor: the same user agent, and the same device cookie if there was one.
   * @throws ApiError INVALID_CHALLENGE
   */
  async take(
    tenant: TenantSnapshot,
    token: string,
    client: RequestClient,
  ): Promise<LoginChallenge & { userId: string }> {
    const { sub: userId, jti } = this.verify(tenant, token, client);
    const challenge = await this.database.transaction(contextWithoutRights(tenant.id, userId), () =>
      this.repository.tryChallenge(userId, jti),
    );
    if (challenge === null) throw new ApiError('INVALID_CHALLENGE');
    return { ...challenge, userId };
  }

  /** The id and the user of a genuine token of this tenant and client, which may have been used. @throws ApiError INVALID_CHALLENGE */
  verify(
    tenant: TenantSnapshot,
    token: string,
    client: RequestClient,
  ): Pick<ChallengeClaims, 'sub' | 'jti'> {
    const { tenant_id: tenantId, sub, jti, client: expected } = this.tokens.verify(token);
    if (tenantId !== tenant.id || expected !== recognitionOf(tenantId, sub, client))
      throw new ApiError('INVALID_CHALLENGE');
    return { sub, jti };
  }

  /** Whether a code by mail answers a suspicious log-in. In a transaction of the tenant. */
  async allowsEmailCodes(): Promise<boolean> {
    return (await this.tenants.settings()).security.emailCodeFactor;
  }

  /** Uses the challenge up, in the transaction of the log-in. @throws ApiError INVALID_CHALLENGE if it was used meanwhile. */
  async spend({ id }: LoginChallenge): Promise<void> {
    if (!(await this.repository.spendChallenge(id))) throw new ApiError('INVALID_CHALLENGE');
  }

  /** Skips the second factor on this device for 30 days, if the tenant allows it. The device cookie names the device. */
  async rememberDevice(tenantId: string, userId: string): Promise<void> {
    if (!(await this.tenants.settings()).security.rememberDevices) return;
    const deviceId = deviceCookieOf(tenantId, userId) ?? randomUUID();
    await this.repository.rememberDevice(userId, deviceId);
    addKnownDevice({ tenantId, userId, deviceId });
  }

  private async isRemembered(tenantId: string, userId: string): Promise<boolean> {
    const deviceId = deviceCookieOf(tenantId, userId);
    if (deviceId === undefined || !(await this.repository.isRemembered(userId, deviceId)))
      return false;
    return (await this.tenants.settings()).security.rememberDevices;
  }
}

/** The device of a signed cookie. That of a session does not count: its token would stand for the second factor. */
function deviceCookieOf(tenantId: string, userId: string): string | undefined {
  const device = knownDevice(tenantId, userId);
  return device?.account === undefined ? undefined : device.deviceId;
}

function recognitionOf(tenantId: string, userId: string, { userAgent }: RequestClient): string {
  const device = deviceCookieOf(tenantId, userId) ?? '';
  return createHash('sha256')
    .update(`${device}\n${userAgent ?? ''}`)
    .digest('base64url');
}
