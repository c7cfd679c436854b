import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

export interface MailSettingsRow {
  senderName: string | null;
  senderAddress: string | null;
  replyTo: string | null;
  smtpHost: string | null;
  smtpPort: number | null;
  smtpUser: string | null;
}

export interface MailStatus {
  id: string;
  status: string;
  lastError: string | null;
}

const FIND = `
  SELECT sender_name AS "senderName", sender_address AS "senderAddress", reply_to AS "replyTo", smtp_host AS "smtpHost",
         smtp_port AS "smtpPort", smtp_user AS "smtpUser", has_password AS "hasPassword"
    FROM tenant_mail`;

const KEEP = `
  UPDATE tenant_mail SET sender_name = $1, sender_address = $2, reply_to = $3, updated_at = now()
   WHERE smtp_host = $4 AND smtp_port = $5 AND smtp_user = $6`;

const REPLACE = `
  INSERT INTO tenant_mail (tenant_id, sender_name, sender_address, reply_to, smtp_host, smtp_port, smtp_user, smtp_password)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (tenant_id) DO UPDATE
     SET sender_name = $2, sender_address = $3, reply_to = $4, smtp_host = $5, smtp_port = $6, smtp_user = $7,
         smtp_password = $8, updated_at = now()`;

const PROVEN = 'SELECT FROM tenant_domains WHERE domain = $1 AND verified_at IS NOT NULL';

const RECIPIENT = `
  SELECT email, locale, timezone, first_name AS name FROM users WHERE id = $1`;

const TEST_MAIL = `SELECT id, status, last_error AS "lastError" FROM test_mail($1)`;

/** How the current transaction's tenant sends mails. */
@Injectable()
export class MailSettingsRepository {
  constructor(private readonly database: TenantDatabase) {}

  async find(): Promise<(MailSettingsRow & { hasPassword: boolean }) | undefined> {
    const [row] = await this.database.query<MailSettingsRow & { hasPassword: boolean }>(FIND);
    return row;
  }

  async replace(tenantId: string, row: MailSettingsRow, password: Buffer | null): Promise<void> {
    await this.database.query(REPLACE, [
      tenantId,
      row.senderName,
      row.senderAddress,
      row.replyTo,
      row.smtpHost,
      row.smtpPort,
      row.smtpUser,
      password,
    ]);
  }

  /** Keeps the server and its password. */
  async replaceSender(row: MailSettingsRow): Promise<void> {
    await this.database.query(KEEP, [
      row.senderName,
      row.senderAddress,
      row.replyTo,
      row.smtpHost,
      row.smtpPort,
      row.smtpUser,
    ]);
  }

  async delete(): Promise<boolean> {
    const deleted = await this.database.query('DELETE FROM tenant_mail RETURNING tenant_id');
    return deleted.length > 0;
  }

  async isProven(domain: string): Promise<boolean> {
    return (await this.database.query(PROVEN, [domain])).length > 0;
  }

  async findRecipient(
    userId: string,
  ): Promise<{ email: string; locale: string; timezone: string; name: string | null } | undefined> {
    const [user] = await this.database.query<{
      email: string;
      locale: string;
      timezone: string;
      name: string | null;
    }>(RECIPIENT, [userId]);
    return user;
  }

  async findTestMail(id: string): Promise<MailStatus | undefined> {
    const [mail] = await this.database.query<MailStatus>(TEST_MAIL, [id]);
    return mail;
  }
}
