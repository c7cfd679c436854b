import type { TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { UserCredentialsService } from '../../user/user-credentials.service.js';
import { UserService } from '../../user/user.service.js';
import {
  ACCEPTED,
  type AcceptedResponse,
  type AccountAddressResponse,
} from '../one-time-tokens/account.response.js';
import { AccountLinks } from '../one-time-tokens/account-links.js';
import { OneTimeTokenService } from '../one-time-tokens/one-time-token.service.js';

/** Proves that users have the addresses of their accounts. */
@Injectable()
export class EmailVerification {
  constructor(
    private readonly tokens: OneTimeTokenService,
    private readonly links: AccountLinks,
    private readonly users: UserService,
    private readonly credentials: UserCredentialsService,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /** Sends a link to the caller's address, unless it is verified. */
  async send({ tenant, userId }: Principal): Promise<AcceptedResponse> {
    const user = await this.users.get(userId);
    if (user.emailVerifiedAt === null)
      await this.links.send(this.database, tenant, user, 'verify_email');
    return ACCEPTED;
  }

  /**
   * Verifies the address that a token was sent to.
   * @throws ApiError INVALID_LINK, also if the user has another address by now.
   */
  async verify(tenant: TenantSnapshot, token: string): Promise<AccountAddressResponse> {
    const { userId, email } = await this.tokens.find(tenant.id, 'verify_email', token);
    return this.credentials.inTransaction(tenant.id, userId, async () => {
      await this.tokens.consume('verify_email', token);
      await this.markVerified(userId);
      return { email };
    });
  }

  /** Marks the address of the current user as verified, in the transaction of a proof. */
  async markVerified(userId: string): Promise<void> {
    if (!(await this.users.verifyEmail(userId))) return;
    const target = { type: 'user', id: userId };
    await this.events.record({ type: 'email.verified', result: 'success', target });
  }
}
