import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { RequestClient } from '@poc-tracker/tenancy';
import { type SecurityEvent, SecurityEvents } from '../../audit/security-events.js';
import { countryDetails } from '../../protection/country/country.guard.js';
import type { UserTokensResponse } from '../../session/session.response.js';
import { SessionService } from '../../session/session.service.js';
import { RefusedCredentials, UserCredentialsService } from '../../user/user-credentials.service.js';
import type { UserResponse } from '../../user/user.response.js';
import type { LoginDto } from './login.dto.js';

/**
 * Log-in by password. Passwords are hashed outside of any transaction: a hash takes longer than all statements of a
 * log-in together, and a burst of log-ins must not use up the connections of other requests.
 */
@Injectable()
export class LoginService {
  constructor(
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionService,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Verifies the credentials and opens a session. A refusal is recorded although the request writes nothing else.
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY, or PASSWORD_CHANGE_REQUIRED if the password is right but must be
   *   changed first.
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
        return this.openSession(tenant, id, client, deviceId);
      });
    });
  }

  /** Counts and records a log-in and opens its session, in the transaction of the caller. */
  async openSession(
    tenant: TenantSnapshot,
    userId: string,
    client: RequestClient,
    deviceId?: string,
  ): Promise<UserTokensResponse> {
    const user = await this.recordLogin(userId);
    return { user, tokens: await this.sessions.open({ ...user, tenant }, client, { deviceId }) };
  }

  /** The same, and revokes all other sessions of the user. */
  async openOnlySession(
    tenant: TenantSnapshot,
    userId: string,
    client: RequestClient,
    deviceId?: string,
  ): Promise<UserTokensResponse> {
    const user = await this.recordLogin(userId);
    const tokens = await this.sessions.openOnly({ ...user, tenant }, client, { deviceId });
    return { user, tokens };
  }

  private async recordLogin(userId: string): Promise<UserResponse> {
    const user = await this.credentials.recordLogin(userId);
    const target = { type: 'user', id: userId };
    const details = { ...countryDetails() };
    await this.events.record({ type: 'login.succeeded', result: 'success', target, details });
    return user;
  }

  /** Runs an attempt to log in; records the event if it is refused. */
  async recordingRefusal<T>(tenant: TenantSnapshot, attempt: () => Promise<T>): Promise<T> {
    return this.events.recordingRefusal(tenant.id, attempt, loginFailure);
  }
}

/**
 * Names the user whose address was tried, and never the address: a log of mistyped addresses would list people who have
 * no account, and passwords that were typed into the wrong field.
 */
function loginFailure({ code, cause }: ApiError): SecurityEvent {
  return {
    type: 'login.failed',
    result: 'failure',
    ...(cause instanceof RefusedCredentials && { target: { type: 'user', id: cause.userId } }),
    details: {
      reason: code,
      ...countryDetails(),
      ...(cause instanceof RefusedCredentials &&
        cause.reason !== undefined && { cause: cause.reason }),
    },
  };
}
