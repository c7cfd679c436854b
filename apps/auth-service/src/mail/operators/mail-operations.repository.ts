import { Injectable } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';

/** A mail as operators see it: without its content, and without the local part of its address. */
export interface ListedMail {
  id: string;
  tenant: string;
  kind: string;
  domain: string;
  status: string;
  attempts: number;
  lastError: string | null;
  createdAt: Date;
}

export interface MailSelection {
  tenantId: string | null;
  status: 'pending' | 'dead';
}

/** A screen of the command line. */
const LISTED = 100;

const LIST = `
  SELECT m.id, t.subdomain AS tenant, m.kind, split_part(m.email, '@', 2) AS domain, m.status, m.attempts,
         m.last_error AS "lastError", m.created_at AS "createdAt"
    FROM outgoing_mails m JOIN tenants t ON t.id = m.tenant_id
   WHERE m.status = $2 AND ($1::uuid IS NULL OR m.tenant_id = $1)
   ORDER BY m.id DESC LIMIT ${LISTED}`;

/* A dead mail without content has expired, or its address does not exist. */
const RETRY = `
  UPDATE outgoing_mails
     SET status = 'pending', attempts = 0, next_attempt_at = now(), finished_at = NULL, created_at = now()
   WHERE status = 'dead' AND content IS NOT NULL AND ($1::uuid IS NULL OR tenant_id = $1) AND ($2::uuid IS NULL OR id = $2)
  RETURNING tenant_id AS "tenantId"`;

const SET_LIMIT = `
  INSERT INTO tenant_mail_limits (tenant_id, mails_per_hour) VALUES ($1, $2)
  ON CONFLICT (tenant_id) DO UPDATE SET mails_per_hour = $2`;

/** The mails of all tenants, for operators. */
@Injectable()
export class MailOperationsRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** The latest first. */
  async list({ tenantId, status }: MailSelection): Promise<ListedMail[]> {
    return this.database.query(LIST, [tenantId, status]);
  }

  /** @returns the tenant of each mail that is tried again. */
  async retry(
    transaction: SqlRunner,
    { tenantId, id }: { tenantId: string | null; id: string | null },
  ): Promise<string[]> {
    const rows = await transaction.query<{ tenantId: string }>(RETRY, [tenantId, id]);
    return rows.map((row) => row.tenantId);
  }

  async setLimit(transaction: SqlRunner, tenantId: string, mailsPerHour: number): Promise<void> {
    await transaction.query(SET_LIMIT, [tenantId, mailsPerHour]);
  }
}
