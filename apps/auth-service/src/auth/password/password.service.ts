import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { contextWithoutRights, type RequestClient, TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/passwords/password.hasher.js';
import { normalizePassword } from '../../protection/passwords/password-text.js';
import { PasswordPolicy } from '../../protection/passwords/password.policy.js';
import type { TokensResponse, UserTokensResponse } from '../../session/session.response.js';
import { SessionService } from '../../session/session.service.js';
import type { TenantSettings } from '../../tenant/settings/settings-catalogue.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { RefusedCredentials, UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserMails } from '../../user/user-mails.js';
import { type UserRecord, UserService } from '../../user/user.service.js';
import { LoginService } from '../login/login.service.js';
import type { ProvenLogin } from '../login/proven-login.js';
import type { ChangePasswordDto, RenewPasswordDto } from './password.dto.js';

/** Changes of a user's own password. No connection is in use while a password is hashed. */
@Injectable()
export class PasswordService {
  constructor(
    private readonly users: UserService,
    private readonly tenants: TenantService,
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionService,
    private readonly logins: LoginService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly mails: UserMails,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Sets a new password, revokes every session of the user, and opens a new one for the caller (OWASP ASVS 7.2.4 and
   * 7.4.3).
   * @throws ApiError INVALID_CREDENTIALS if the current password is wrong, VALIDATION_ERROR if the new one is weak.
   */
  async change(
    principal: Principal,
    input: ChangePasswordDto,
    client: RequestClient,
  ): Promise<TokensResponse> {
    return this.events.recordingRefusal(
      principal.tenant.id,
      () => this.exchange(principal, input, client),
      ({ code }) => ({
        type: 'password.changed',
        result: 'failure',
        target: { type: 'user', id: principal.userId },
        details: { reason: code },
      }),
    );
  }

  /**
   * The same for a user who is not logged in, by email address and current password. The only way to log in for a user
   * who must change the password. A user with a second factor who need not change it logs in first: a password alone must
   * not change what the factor protects.
   * @throws ApiError INVALID_CREDENTIALS, AUTH_REQUIRED, SERVICE_BUSY, VALIDATION_ERROR if the new password is weak or unchanged,
   *   SUSPICIOUS_LOGIN, SECOND_FACTOR_REQUIRED.
   */
  async renew(
    tenant: TenantSnapshot,
    { email, currentPassword, newPassword, deviceId }: RenewPasswordDto,
    client: RequestClient,
  ): Promise<UserTokensResponse> {
    return this.logins.attempt(tenant, async () => {
      const verified = await this.credentials.verify(tenant, email, currentPassword);
      const { id } = verified;
      if (verified.hasFactor && !verified.mustChangePassword)
        throw new ApiError('AUTH_REQUIRED', { cause: new RefusedCredentials(id) });
      const { user, rules } = await this.read(tenant, id);
      this.policy.check(newPassword, { ...user, email, tenant, rules }, 'newPassword');
      assertAnother(currentPassword, newPassword);
      await this.assertNotFormer(tenant.id, id, newPassword, rules);
      const passwordHash = await this.hasher.hash(newPassword);
      const login: ProvenLogin = {
        tenant,
        userId: id,
        amr: ['pwd'],
        client,
        deviceId,
        password: currentPassword,
        revokesOthers: true,
      };
      return this.logins.open(login, async () => {
        await this.credentials.assertUnchanged(email, verified);
        await this.setPassword(id, passwordHash);
      });
    });
  }

  private async exchange(
    principal: Principal,
    { currentPassword, newPassword }: ChangePasswordDto,
    client: RequestClient,
  ): Promise<TokensResponse> {
    const { tenant, userId, role, permissions, sessionId } = principal;
    const { user, rules } = await this.read(tenant, userId);
    if (user === null) throw new ApiError('INVALID_CREDENTIALS');
    const verified = await this.credentials.verify(tenant, user.email, currentPassword);
    this.policy.check(newPassword, { ...user, tenant, rules }, 'newPassword');
    assertAnother(currentPassword, newPassword);
    await this.assertNotFormer(tenant.id, userId, newPassword, rules);
    const passwordHash = await this.hasher.hash(newPassword);
    return this.credentials.inTransaction(tenant.id, userId, async () => {
      await this.credentials.assertUnchanged(user.email, verified);
      await this.setPassword(userId, passwordHash);
      const owner = { id: userId, role, permissions, tenant };
      return this.sessions.replaceAll(owner, sessionId, client);
    });
  }

  /** The user, null if deleted, and what the tenant requires of a new password. */
  private async read(
    tenant: TenantSnapshot,
    userId: string,
  ): Promise<{ user: UserRecord | null; rules: TenantSettings['security'] }> {
    return this.database.transaction(contextWithoutRights(tenant.id, userId), async () => ({
      user: await this.users.find(userId),
      rules: (await this.tenants.settings()).security,
    }));
  }

  private async assertNotFormer(
    tenantId: string,
    userId: string,
    password: string,
    { passwordHistory }: TenantSettings['security'],
  ): Promise<void> {
    if (await this.credentials.isFormerPassword(tenantId, userId, password, passwordHistory))
      throw this.policy.refuseReuse('newPassword');
  }

  private async setPassword(userId: string, passwordHash: string): Promise<void> {
    await this.credentials.setChosenPassword(userId, passwordHash);
    const target = { type: 'user', id: userId };
    await this.events.record({ type: 'password.changed', result: 'success', target });
    const user = await this.users.get(userId);
    const values = { at: user.updatedAt };
    await this.mails.add(this.database, user, { kind: 'password_changed', values });
  }
}

function assertAnother(current: string, chosen: string): void {
  if (normalizePassword(current) === normalizePassword(chosen))
    throw ApiError.validation({
      field: 'newPassword',
      message: 'must not be the current password',
    });
}
