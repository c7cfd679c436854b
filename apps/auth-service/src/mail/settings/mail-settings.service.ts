import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { DataCipher } from '../../protection/data-cipher.js';
import { MailOutbox } from '../outbox/mail-outbox.js';
import { passwordContext } from './mail-password.js';
import type { ReplaceMailSettingsDto } from './mail-settings.dto.js';
import { type MailSettingsRow, MailSettingsRepository } from './mail-settings.repository.js';
import type { MailSettingsResponse, TestMailResponse } from './mail-settings.response.js';

const NOT_SET: MailSettingsResponse = {
  senderName: null,
  senderAddress: null,
  replyTo: null,
  smtp: null,
};

/** The sender and the mail server of a tenant. */
@Injectable()
export class MailSettingsService {
  constructor(
    private readonly settings: MailSettingsRepository,
    private readonly cipher: DataCipher,
    private readonly outbox: MailOutbox,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  async get(): Promise<MailSettingsResponse> {
    const row = await this.settings.find();
    if (row === undefined) return NOT_SET;
    const { senderName, senderAddress, replyTo, smtpHost: host, smtpPort: port } = row;
    const smtp =
      host === null || port === null
        ? null
        : { host, port, user: row.smtpUser, hasPassword: row.hasPassword };
    return { senderName, senderAddress, replyTo, smtp };
  }

  /** @throws ApiError VALIDATION_ERROR */
  async replace(
    { tenantId }: Principal,
    input: ReplaceMailSettingsDto,
  ): Promise<MailSettingsResponse> {
    const row = toRow(input);
    await this.assertSender(row);
    if (await this.keepsPassword(row, input)) await this.settings.replaceSender(row);
    else await this.settings.replace(tenantId, row, this.encrypt(tenantId, input));
    await this.record(tenantId, 'replaced');
    return this.get();
  }

  /** From then on the mails of the tenant are sent as those of a new tenant. */
  async delete({ tenantId }: Principal): Promise<{ deleted: true }> {
    if (await this.settings.delete()) await this.record(tenantId, 'deleted');
    return { deleted: true };
  }

  /** Adds a mail to the caller. @throws ApiError RATE_LIMIT_EXCEEDED beyond the limit of mails to an address. */
  async createTestMail({ tenantId, userId }: Principal): Promise<TestMailResponse> {
    const to = await this.settings.findRecipient(userId);
    if (to === undefined) throw new ApiError('TOKEN_REVOKED');
    const id = await this.outbox.addAndTell(this.database, {
      tenantId,
      userId,
      to,
      kind: 'test_mail',
      values: {},
    });
    if (id === undefined) throw new ApiError('RATE_LIMIT_EXCEEDED', { retryAfter: 3_600 });
    return this.getTestMail(id);
  }

  /** @throws ApiError NOT_FOUND */
  async getTestMail(id: string): Promise<TestMailResponse> {
    const mail = await this.settings.findTestMail(id);
    if (mail === undefined) throw new ApiError('NOT_FOUND');
    return mail;
  }

  /**
   * The server of the service sends only for domains that the tenant has proven: otherwise a tenant could write in the name
   * of another.
   */
  private async assertSender({ senderAddress, smtpHost }: MailSettingsRow): Promise<void> {
    if (senderAddress === null && smtpHost !== null)
      throw ApiError.validation({ field: 'senderAddress', message: 'is required with smtp' });
    if (senderAddress === null || smtpHost !== null) return;
    const domain = senderAddress.slice(senderAddress.lastIndexOf('@') + 1);
    if (!(await this.settings.isProven(domain)))
      throw ApiError.validation({
        field: 'senderAddress',
        message: 'must be of a domain that the tenant has verified, or needs smtp',
      });
  }

  /**
   * The stored password goes to the server and user that it was given for, and to no other: an admin who does not know it
   * could otherwise have it sent to a server of their own.
   */
  private async keepsPassword(
    { smtpHost, smtpPort, smtpUser }: MailSettingsRow,
    { smtp }: ReplaceMailSettingsDto,
  ): Promise<boolean> {
    if (smtp?.user === undefined) {
      if (smtp?.password === undefined) return false;
      throw ApiError.validation({ field: 'smtp.user', message: 'is required with a password' });
    }
    if (smtp.password !== undefined) return false;
    const stored = await this.settings.find();
    const same =
      stored?.hasPassword === true &&
      stored.smtpHost === smtpHost &&
      stored.smtpPort === smtpPort &&
      stored.smtpUser === smtpUser;
    if (same) return true;
    throw ApiError.validation({
      field: 'smtp.password',
      message: 'is required with a new host, port or user',
    });
  }

  private encrypt(tenantId: string, { smtp }: ReplaceMailSettingsDto): Buffer | null {
    if (smtp?.password === undefined) return null;
    return this.cipher.encrypt(Buffer.from(smtp.password), passwordContext(tenantId));
  }

  private async record(tenantId: string, change: 'replaced' | 'deleted'): Promise<void> {
    await this.events.record({
      type: 'mail.settings_changed',
      result: 'success',
      target: { type: 'tenant', id: tenantId },
      details: { change },
    });
  }
}

function toRow(input: ReplaceMailSettingsDto): MailSettingsRow {
  const { senderName = null, senderAddress = null, replyTo = null, smtp } = input;
  return {
    senderName,
    senderAddress,
    replyTo,
    smtpHost: smtp?.host ?? null,
    smtpPort: smtp?.port ?? null,
    smtpUser: smtp?.user ?? null,
  };
}
