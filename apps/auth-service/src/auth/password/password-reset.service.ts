import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { contextWithoutRights, TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { PasswordHasher } from '../../protection/passwords/password.hasher.js';
import { PasswordPolicy } from '../../protection/passwords/password.policy.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import { TenantService } from '../../tenant/tenant.service.js';
import { AccountUnlockService } from '../../user/account-unlock.service.js';
import { UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserMails } from '../../user/user-mails.js';
import { UserService } from '../../user/user.service.js';
import { MailRequests } from '../mail-requests/mail-requests.js';
import {
  ACCEPTED,
  type AcceptedResponse,
  type AccountAddressResponse,
} from '../one-time-tokens/account.response.js';
import { AccountLinks } from '../one-time-tokens/account-links.js';
import { OneTimeTokenService } from '../one-time-tokens/one-time-token.service.js';
import { EmailVerification } from '../email/email-verification.service.js';
import type { ResetPasswordDto } from './password-reset.dto.js';

/** Replaces a forgotten password by a link that is sent to the address of the user. */
@Injectable()
export class PasswordResetService implements OnModuleInit {
  constructor(
    private readonly requests: MailRequests,
    private readonly links: AccountLinks,
    private readonly tokens: OneTimeTokenService,
    private readonly users: UserService,
    private readonly tenants: TenantService,
    private readonly credentials: UserCredentialsService,
    private readonly addresses: EmailVerification,
    private readonly sessions: SessionRevocationService,
    private readonly unlocks: AccountUnlockService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly mails: UserMails,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  onModuleInit(): void {
    this.requests.register('reset_password', async (user, tenant) => {
      const target = { type: 'user', id: user.id };
      const event = { type: 'password.reset_requested', result: 'success', target } as const;
      // The request proves nothing about who sent it.
      await this.events.record({ ...event, actorId: null });
      await this.links.send(this.database, tenant, user, 'reset_password');
    });
  }

  /**
   * Sends a link to the active user with this address, after the answer, which is the same for every address.
   * @throws ApiError SERVICE_BUSY.
   */
  async request(tenant: TenantSnapshot, email: string): Promise<AcceptedResponse> {
    await this.requests.accept(tenant, 'reset_password', { email });
    return ACCEPTED;
  }

  /**
   * Sets a new password, and revokes every session of the user (OWASP Forgot Password Cheat Sheet). The link is used up together
   * with the change. Lifts the lock of the account: who reads the mail of the user is not the one who guesses.
   * @throws ApiError INVALID_LINK; VALIDATION_ERROR if the new password is weak, present or a former one; SERVICE_BUSY.
   */
  async reset(tenant: TenantSnapshot, input: ResetPasswordDto): Promise<AccountAddressResponse> {
    return this.events.recordingRefusal(
      tenant.id,
      () => this.exchange(tenant, input),
      ({ code }) => ({
        type: 'password.changed',
        result: 'failure',
        details: { reason: code, method: 'link' },
      }),
    );
  }

  private async exchange(
    tenant: TenantSnapshot,
    { token, newPassword }: ResetPasswordDto,
  ): Promise<AccountAddressResponse> {
    const { userId } = await this.tokens.find(tenant.id, 'reset_password', token);
    const email = await this.assertAcceptable(tenant, userId, newPassword);
    const passwordHash = await this.hasher.hash(newPassword);
    const account = { tenantId: tenant.id, userId };
    const wasLocked = await this.credentials.inTransaction(tenant.id, userId, async () => {
      await this.tokens.consume('reset_password', token);
      await this.credentials.setChosenPassword(userId, passwordHash);
      await this.addresses.markVerified(userId);
      await this.sessions.revokeAll(this.database, userId);
      const lock = await this.unlocks.recordIfReachable(this.database, account);
      await this.events.record({
        type: 'password.changed',
        result: 'success',
        target: { type: 'user', id: userId },
        details: { method: 'link' },
      });
      const changed = await this.users.get(userId);
      const values = { at: changed.updatedAt };
      await this.mails.add(this.database, changed, { kind: 'password_changed', values });
      return lock;
    });
    await this.unlocks.completeIfReachable(account, email, wasLocked);
    return { email };
  }

  /** The same rules as for a change, and not the present password: an expired temporary one must not become permanent. */
  private async assertAcceptable(
    tenant: TenantSnapshot,
    userId: string,
    password: string,
  ): Promise<string> {
    const { id: tenantId } = tenant;
    const { user, rules } = await this.database.transaction(
      contextWithoutRights(tenantId, userId),
      async () => ({
        user: await this.users.find(userId),
        rules: (await this.tenants.settings()).security,
      }),
    );
    if (user === null) throw new ApiError('INVALID_LINK');
    this.policy.check(password, { ...user, tenant, rules }, 'newPassword');
    const isUsed =
      (await this.credentials.isPresentPassword(tenantId, user.email, password)) ||
      (await this.credentials.isFormerPassword(tenantId, userId, password, rules.passwordHistory));
    if (isUsed) throw this.policy.refuseReuse('newPassword');
    return user.email;
  }
}
