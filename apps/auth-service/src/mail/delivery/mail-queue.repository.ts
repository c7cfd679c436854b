import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import type { MailKind, MailLocale } from '../templates/mail-kinds.js';
import type { MailText } from '../templates/mail-text.js';

/** A mail that this process sends until its lease ends, with what its tenant has set. */
export interface ClaimedMail {
  tenantId: string;
  id: string;
  claim: string;
  kind: MailKind;
  email: string;
  content: Buffer | null;
  attempts: number;
  createdAt: Date;
  uselessAfter: Date | null;
  suppressed: boolean;
  tenantName: string;
  color: string;
  senderName: string | null;
  senderAddress: string | null;
  /** Whether the tenant has proven the domain of `senderAddress`. */
  senderProven: boolean;
  replyTo: string | null;
  smtpHost: string | null;
  smtpPort: number | null;
  smtpUser: string | null;
  smtpPassword: Buffer | null;
}

/** Which mails are claimed: those that the server of the service sends, or those of tenants with a server of their own. */
export type Lane = 'shared' | 'own';

export interface ClaimRequest {
  lane: Lane;
  leaseMs: number;
  /** Tenants that have as many mails in progress here as they may, or whose server is paused. */
  excluded: readonly string[];
  /** The tenant that was served last: the next one in the order of ids is served first. */
  after: string;
  /** The most mails to claim, each of another tenant. */
  limit: number;
}

type Mail = Pick<ClaimedMail, 'tenantId' | 'id' | 'claim'>;

/*
 * The tenants with pending mails, each found by one look-up in the index of the queue: a tenant with many mails costs no more
 * than one with a single mail. FOR UPDATE SKIP LOCKED gives each row to one worker.
 */
const CLAIM = `
  WITH RECURSIVE waiting (tenant_id) AS (
    (SELECT m.tenant_id FROM outgoing_mails m WHERE m.status = 'pending' ORDER BY m.tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT m.tenant_id FROM outgoing_mails m
             WHERE m.status = 'pending' AND m.tenant_id > w.tenant_id ORDER BY m.tenant_id LIMIT 1)
      FROM waiting w WHERE w.tenant_id IS NOT NULL
  ), chosen AS (
    SELECT w.tenant_id FROM waiting w
     WHERE w.tenant_id <> ALL ($3::uuid[])
       AND EXISTS (SELECT FROM tenant_mail s WHERE s.tenant_id = w.tenant_id AND s.smtp_host IS NOT NULL) = ($1 = 'own')
       AND EXISTS (SELECT FROM outgoing_mails m
                    WHERE m.tenant_id = w.tenant_id AND m.status = 'pending' AND m.next_attempt_at <= clock_timestamp())
     ORDER BY w.tenant_id <= $4::uuid, w.tenant_id
     LIMIT $5
  ), due AS (
    SELECT d.tenant_id, d.id
      FROM chosen c, LATERAL (
        SELECT m.tenant_id, m.id FROM outgoing_mails m
         WHERE m.tenant_id = c.tenant_id AND m.status = 'pending' AND m.next_attempt_at <= clock_timestamp()
         ORDER BY m.next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) d
  )
  UPDATE outgoing_mails m
     SET claim = gen_random_uuid(), next_attempt_at = clock_timestamp() + $2 * interval '1 millisecond'
    FROM due d
    JOIN tenants t ON t.id = d.tenant_id
    LEFT JOIN tenant_mail s ON s.tenant_id = d.tenant_id
   WHERE m.tenant_id = d.tenant_id AND m.id = d.id
  RETURNING m.tenant_id AS "tenantId", m.id, m.claim, m.kind, m.email, m.content, m.attempts,
    m.created_at AS "createdAt", m.useless_after AS "uselessAfter",
    EXISTS (SELECT FROM suppressed_addresses a WHERE a.tenant_id = m.tenant_id AND a.email_key = m.email_key) AS suppressed,
    t.name AS "tenantName", t.branding ->> 'primary_color' AS color,
    s.sender_name AS "senderName", s.sender_address AS "senderAddress",
    EXISTS (SELECT FROM tenant_domains p WHERE p.tenant_id = m.tenant_id AND p.verified_at IS NOT NULL
      AND p.domain = lower(split_part(s.sender_address, '@', 2))) AS "senderProven",
    s.reply_to AS "replyTo", s.smtp_host AS "smtpHost", s.smtp_port AS "smtpPort",
    s.smtp_user AS "smtpUser", s.smtp_password AS "smtpPassword"`;

const FINISH = `
  UPDATE outgoing_mails
     SET status = $4, content = CASE WHEN $6 THEN content END, finished_at = clock_timestamp(), claim = NULL, last_error = $5
   WHERE tenant_id = $1 AND id = $2 AND claim = $3`;

const POSTPONE = `
  UPDATE outgoing_mails
     SET attempts = attempts + $4, claim = NULL, last_error = $6,
         next_attempt_at = clock_timestamp() + $5 * interval '1 millisecond'
   WHERE tenant_id = $1 AND id = $2 AND claim = $3`;

/** The queue of mails of all tenants, on the operators' login. Each call is a short transaction: none is open while a server answers. */
@Injectable()
export class MailQueueRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Claims due mails, at most one of each tenant. Another worker can claim a mail again when its lease has ended. */
  async claim({ lane, leaseMs, excluded, after, limit }: ClaimRequest): Promise<ClaimedMail[]> {
    return this.database.query(CLAIM, [lane, leaseMs, excluded, after, limit]);
  }

  /** The tenant's text for a kind in a language. */
  async findTemplate(
    tenantId: string,
    kind: MailKind,
    locale: MailLocale,
  ): Promise<MailText | undefined> {
    const [template] = await this.database.query<MailText>(
      'SELECT subject, body FROM mail_templates WHERE tenant_id = $1 AND kind = $2 AND locale = $3',
      [tenantId, kind, locale],
    );
    return template;
  }

  /** Erases the content. */
  async markSent({ tenantId, id, claim }: Mail): Promise<void> {
    await this.database.query(FINISH, [tenantId, id, claim, 'sent', null, false]);
  }

  /** Erases the content. */
  async markSuppressed({ tenantId, id, claim }: Mail): Promise<void> {
    await this.database.query(FINISH, [tenantId, id, claim, 'suppressed', null, false]);
  }

  /** @param keepContent so that an operator can have it sent again */
  async markDead(
    { tenantId, id, claim }: Mail,
    reason: string,
    { keepContent }: { keepContent: boolean },
  ): Promise<void> {
    await this.database.query(FINISH, [tenantId, id, claim, 'dead', reason, keepContent]);
  }

  /** @param counts whether it counts as a try */
  async postpone(
    { tenantId, id, claim }: Mail,
    { delayMs, reason, counts }: { delayMs: number; reason: string; counts: boolean },
  ): Promise<void> {
    await this.database.query(POSTPONE, [
      tenantId,
      id,
      claim,
      counts ? 1 : 0,
      Math.round(delayMs),
      reason,
    ]);
  }
}
