import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { toApiError } from '../../constraint-codes.js';
import { PasswordHasher } from '../../protection/passwords/password.hasher.js';
import { newSecret } from '../../protection/secret.js';
import { SessionRevocationService } from '../../session/session-revocation.service.js';
import { UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserService } from '../../user/user.service.js';
import { maskedAddress } from '../invitations/masked-address.js';
import {
  ACCEPTED,
  type AcceptedResponse,
  type AccountAddressResponse,
} from '../one-time-tokens/account.response.js';
import { AccountLinks } from '../one-time-tokens/account-links.js';
import { OneTimeTokenService } from '../one-time-tokens/one-time-token.service.js';
import type { ChangeEmailDto } from './email.dto.js';

/**
 * Changes the address of a user, who proves to have the new one first. The former address is told, and can take the change
 * back, because the one who changed it may have taken over the account (OWASP ASVS 6.3.7).
 */
@Injectable()
export class EmailChangeService {
  constructor(
    private readonly tokens: OneTimeTokenService,
    private readonly links: AccountLinks,
    private readonly users: UserService,
    private readonly credentials: UserCredentialsService,
    private readonly sessions: SessionRevocationService,
    private readonly hasher: PasswordHasher,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /**
   * Sends a link to the new address. One that another user has gets a mail as well, after the same work, so that the answer does
   * not tell which addresses have accounts.
   * @throws ApiError VALIDATION_ERROR for the present address, SERVICE_BUSY.
   */
  async request(
    { tenant, userId }: Principal,
    { newEmail }: ChangeEmailDto,
  ): Promise<AcceptedResponse> {
    await this.credentials.inTransaction(tenant.id, userId, async () => {
      const user = await this.users.get(userId);
      if (newEmail === user.email)
        throw ApiError.validation({
          field: 'newEmail',
          message: 'must not be the present address',
        });
      await this.events.record({
        type: 'email.change_requested',
        result: 'success',
        target: { type: 'user', id: userId },
        details: { newEmail: maskedAddress(newEmail) },
      });
      const isTaken = await this.users.isEmailOfOther(userId, newEmail);
      await this.links.sendConfirmation(this.database, tenant, user, { newEmail, isTaken });
    });
    return ACCEPTED;
  }

  /**
   * Sets the address that the token was sent to.
   * @throws ApiError INVALID_LINK, also if another user has the address by now.
   */
  async confirm(tenant: TenantSnapshot, token: string): Promise<AccountAddressResponse> {
    const { userId } = await this.tokens.find(tenant.id, 'confirm_new_email', token);
    return this.credentials.inTransaction(tenant.id, userId, async () => {
      const { email } = await this.tokens.consume('confirm_new_email', token);
      const before = await this.users.get(userId);
      await this.setEmail(userId, email);
      await this.record('email.changed', userId, before.email, email);
      await this.links.sendUndo(this.database, tenant, before, email);
      return { email };
    });
  }

  /**
   * Restores the address that the token was sent to. Revokes all sessions and replaces the password by none, because the
   * user who changed the address knows it: the restored address gets a link to set a new one.
   * @throws ApiError INVALID_LINK, also if another user has the address now; SERVICE_BUSY.
   */
  async undo(tenant: TenantSnapshot, token: string): Promise<AccountAddressResponse> {
    const { userId } = await this.tokens.find(tenant.id, 'undo_email', token);
    const passwordHash = await this.hasher.hash(newSecret());
    return this.credentials.inTransaction(tenant.id, userId, async () => {
      const used = await this.tokens.consume('undo_email', token);
      const before = await this.users.get(userId);
      await this.setEmail(userId, used.email);
      await this.users.disablePassword(this.database, userId, passwordHash);
      await this.sessions.revokeAll(this.database, userId);
      await this.tokens.discardSince(used);
      await this.record('email.change_undone', userId, before.email, used.email);
      const user = await this.users.get(userId);
      await this.links.send(this.database, tenant, user, 'reset_password');
      return { email: used.email };
    });
  }

  private async setEmail(userId: string, email: string): Promise<void> {
    try {
      await this.users.setVerifiedEmail(userId, email);
    } catch (error) {
      if (toApiError(error)?.code === 'USER_EXISTS') throw new ApiError('INVALID_LINK');
      throw error;
    }
  }

  private async record(
    type: 'email.changed' | 'email.change_undone',
    userId: string,
    from: string,
    to: string,
  ): Promise<void> {
    await this.events.record({
      type,
      result: 'success',
      target: { type: 'user', id: userId },
      details: { from: maskedAddress(from), to: maskedAddress(to) },
    });
  }
}
