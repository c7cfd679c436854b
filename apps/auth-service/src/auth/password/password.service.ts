import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/password.hasher.js';
import { normalizePassword } from '../../protection/password-text.js';
import { PasswordPolicy } from '../../protection/password.policy.js';
import type { Device } from '../../session/device.decorator.js';
import { SessionService } from '../../session/session.service.js';
import type { TokensResponse } from '../../session/session.response.js';
import { SignInService } from '../login/sign-in.service.js';
import type { ChangePasswordDto, RenewPasswordDto } from '../login/auth.dto.js';
import type { LoginResponse } from '../login/login.response.js';
import { recordingRefusal } from '../login/login-failure.js';
import { UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserService } from '../../user/user.service.js';

/** Checks and changes passwords. Hashes are worked out while no connection is held. */
@Injectable()
export class PasswordService {
  constructor(
    private readonly users: UserService,
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionService,
    private readonly signIns: SignInService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Sets a new password. Ends every session of the person, this one's outstanding access tokens included, and opens a
   * new one for the caller (OWASP ASVS 7.2.4 and 7.4.3).
   * @throws ApiError INVALID_CREDENTIALS when the current password is wrong, VALIDATION_ERROR for a weak new one.
   */
  async change(
    principal: Principal,
    input: ChangePasswordDto,
    device: Device,
  ): Promise<TokensResponse> {
    return recordingRefusal(
      this.events,
      principal.tenant.id,
      () => this.exchange(principal, input, device),
      ({ code }) => ({
        type: 'password.changed',
        result: 'failure',
        target: { type: 'user', id: principal.userId },
        details: { reason: code },
      }),
    );
  }

  private async exchange(
    principal: Principal,
    input: ChangePasswordDto,
    device: Device,
  ): Promise<TokensResponse> {
    const { tenant, userId, role } = principal;
    const context = { tenantId: tenant.id, userId, role };
    const user = await this.database.transaction(context, () => this.users.findIfExists(userId));
    if (user === null) throw new ApiError('INVALID_CREDENTIALS');
    const verified = await this.credentials.verify(tenant, user.email, input.currentPassword);
    this.policy.check(input.newPassword, { ...user, tenant }, 'newPassword');
    assertAnother(input.currentPassword, input.newPassword);
    const passwordHash = await this.hasher.hash(input.newPassword);
    return this.database.transaction(context, async () => {
      await this.credentials.assertUnchanged(user.email, verified);
      await this.credentials.setChosenPassword(userId, passwordHash);
      const target = { type: 'user', id: userId };
      await this.events.record({ type: 'password.changed', result: 'success', target });
      const owner = { id: userId, role, permissions: principal.permissions, tenant };
      return this.sessions.replaceAll(owner, principal.sessionId, device);
    });
  }

  /**
   * Sets a password of their own for a person who is not signed in, after the current one was verified, ends their
   * sessions and lets them in. The way for whoever must change it.
   * @throws ApiError INVALID_CREDENTIALS, SERVICE_BUSY, VALIDATION_ERROR for a weak or unchanged new one.
   */
  async renew(
    tenant: TenantSnapshot,
    input: RenewPasswordDto,
    device: Device,
  ): Promise<LoginResponse> {
    return recordingRefusal(this.events, tenant.id, () =>
      this.renewAndAdmit(tenant, input, device),
    );
  }

  private async renewAndAdmit(
    tenant: TenantSnapshot,
    { email, currentPassword, newPassword, deviceId }: RenewPasswordDto,
    device: Device,
  ): Promise<LoginResponse> {
    const verified = await this.credentials.verify(tenant, email, currentPassword);
    const context = { tenantId: tenant.id, userId: verified.id, role: verified.role };
    const user = await this.database.transaction(context, () =>
      this.users.findIfExists(verified.id),
    );
    this.policy.check(newPassword, { ...user, email, tenant }, 'newPassword');
    assertAnother(currentPassword, newPassword);
    const passwordHash = await this.hasher.hash(newPassword);
    return this.database.transaction(context, async () => {
      await this.credentials.assertUnchanged(email, verified);
      await this.credentials.setChosenPassword(verified.id, passwordHash);
      await this.sessions.revokeAll(verified.id);
      const target = { type: 'user', id: verified.id };
      await this.events.record({ type: 'password.changed', result: 'success', target });
      const info = deviceId === undefined ? {} : { deviceId };
      return this.signIns.admit(tenant, verified.id, device, info);
    });
  }
}

function assertAnother(current: string, chosen: string): void {
  if (normalizePassword(current) === normalizePassword(chosen))
    throw ApiError.validation({
      field: 'newPassword',
      message: 'must not be the current password',
    });
}
