import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { MailKind, MailLocale } from '../templates/mail-kinds.js';
import type { MailText } from '../templates/mail-text.js';

export interface StoredTemplate extends MailText {
  kind: MailKind;
  locale: MailLocale;
}

const REPLACE = `
  INSERT INTO mail_templates (tenant_id, kind, locale, subject, body) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (tenant_id, kind, locale) DO UPDATE SET subject = $4, body = $5, updated_at = now()`;

/** The texts that the current transaction's tenant has in place of those of the service. */
@Injectable()
export class MailTemplateRepository {
  constructor(private readonly database: TenantDatabase) {}

  async list(): Promise<StoredTemplate[]> {
    return this.database.query('SELECT kind, locale, subject, body FROM mail_templates');
  }

  async replace(tenantId: string, { kind, locale, subject, body }: StoredTemplate): Promise<void> {
    await this.database.query(REPLACE, [tenantId, kind, locale, subject, body]);
  }

  async delete(kind: MailKind, locale: MailLocale): Promise<boolean> {
    const sql = 'DELETE FROM mail_templates WHERE kind = $1 AND locale = $2 RETURNING kind';
    return (await this.database.query(sql, [kind, locale])).length > 0;
  }
}
