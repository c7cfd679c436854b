import type { TenantSnapshot } from '@poc-tracker/contracts';
import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { PublicAddress } from '../../config/public-address.js';
import { type MailedUser, UserMails } from '../../user/user-mails.js';
import { maskedAddress } from '../invitations/masked-address.js';
import type { LinkPurpose } from './one-time-token.js';
import { OneTimeTokenService } from './one-time-token.service.js';

/** The page that a link of each purpose opens. */
const PAGES = {
  verify_email: 'verify-email',
  reset_password: 'reset-password',
  magic_link: 'magic-link',
  confirm_new_email: 'confirm-email',
  undo_email: 'undo-email',
} as const satisfies Readonly<Record<LinkPurpose, string>>;

/** Without a token, the page asks for the address and sends a link. */
const RESET_PAGE = PAGES.reset_password;

export type LinkTenant = Pick<TenantSnapshot, 'subdomain' | 'customDomain'>;

/** Sends links with one-time tokens to users. */
@Injectable()
export class AccountLinks {
  constructor(
    private readonly tokens: OneTimeTokenService,
    private readonly address: PublicAddress,
    private readonly mails: UserMails,
  ) {}

  /**
   * Creates a token and adds the mail with its link, as the last statements of the transaction.
   * @param transaction of the user, or of one who manages them
   */
  async send(
    transaction: SqlRunner,
    tenant: LinkTenant,
    user: MailedUser,
    purpose: 'verify_email' | 'reset_password',
  ): Promise<void> {
    const values = await this.create(transaction, tenant, user, purpose);
    await this.mails.add(transaction, user, { kind: purpose, values });
  }

  /**
   * The same for a link to log in with.
   * @param markOf the mark of the browser that asked, which the link has behind the token
   */
  async sendMagicLink(
    transaction: SqlRunner,
    tenant: LinkTenant,
    user: MailedUser,
    markOf: (token: string) => string,
  ): Promise<void> {
    const { token, expiresAt } = await this.tokens.create(transaction, user, 'magic_link');
    const marked = `${token}.${markOf(token)}`;
    const link = this.address.linkTo(tenant, PAGES.magic_link, marked);
    await this.mails.add(transaction, user, { kind: 'magic_link', values: { link, expiresAt } });
  }

  /**
   * Sends a link to the address that a user wants. If another user has it, that user is told instead, and the token is not
   * sent: it is created only so that the work is the same.
   */
  async sendConfirmation(
    transaction: SqlRunner,
    tenant: LinkTenant,
    user: MailedUser,
    { newEmail, isTaken }: { newEmail: string; isTaken: boolean },
  ): Promise<void> {
    const owner = { ...user, email: newEmail };
    const values = await this.create(transaction, tenant, owner, 'confirm_new_email');
    await this.mails.add(
      transaction,
      owner,
      isTaken
        ? { kind: 'known_address', values: { link: this.address.pageOf(tenant, RESET_PAGE) } }
        : { kind: 'confirm_new_email', values },
    );
  }

  /**
   * Tells the former address of a change, with a link that takes it back.
   * @param user with the former address
   */
  async sendUndo(
    transaction: SqlRunner,
    tenant: LinkTenant,
    user: MailedUser,
    newEmail: string,
  ): Promise<void> {
    const link = await this.create(transaction, tenant, user, 'undo_email');
    const values = { ...link, newEmail: maskedAddress(newEmail) };
    await this.mails.add(transaction, user, { kind: 'email_changed', values });
  }

  private async create(
    transaction: SqlRunner,
    tenant: LinkTenant,
    owner: MailedUser,
    purpose: LinkPurpose,
  ): Promise<{ link: string; expiresAt: Date }> {
    const { token, expiresAt } = await this.tokens.create(transaction, owner, purpose);
    return { link: this.address.linkTo(tenant, PAGES[purpose], token), expiresAt };
  }
}
