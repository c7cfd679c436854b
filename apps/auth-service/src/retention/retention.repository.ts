import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';

/** What has a retention period. */
export type PrunedData = 'sessions' | 'usage' | 'mails' | 'audit';

/** The result of a batch. */
export interface PrunedBatch {
  deleted: number;
  /**
   * `more`: another batch follows. `done`: nothing is left. `pending`: the announcement is younger than twelve hours, or waits for
   * the hash chain. `stopped`: the audit log is not as the chain says, its announcement was removed, or an entry is too young.
   */
  state: 'more' | 'done' | 'pending' | 'stopped';
}

/** Rows per transaction: few enough to keep locks for well below a second. */
export const BATCH = 1_000;

/*
 * The tenants that may have something to delete, by a few index look-ups for each tenant. The order makes PostgreSQL use the index
 * even where a scan of the table would find the first row sooner in most tenants, and not at all in others.
 */
const DUE = {
  sessions: `
    SELECT t.id FROM tenants t, LATERAL (
      (SELECT FROM user_sessions s WHERE s.tenant_id = t.id AND s.is_active AND s.expires_at < $1
        ORDER BY s.expires_at LIMIT 1)
      UNION ALL
      (SELECT FROM user_sessions s
        WHERE s.tenant_id = t.id AND NOT s.is_active AND coalesce(s.revoked_at, s.expires_at) < $1
        ORDER BY coalesce(s.revoked_at, s.expires_at) LIMIT 1)
      LIMIT 1) due`,
  usage: `
    SELECT t.id FROM tenants t, LATERAL (
      SELECT e.created_at FROM usage_events e WHERE e.tenant_id = t.id ORDER BY e.id LIMIT 1) oldest
     WHERE oldest.created_at < $1`,
  mails: `
    SELECT t.id FROM tenants t, LATERAL (
      SELECT m.created_at FROM outgoing_mails m WHERE m.tenant_id = t.id AND m.created_at < $1
       ORDER BY m.created_at LIMIT 1) oldest`,
  audit: `
    SELECT t.id FROM tenants t, LATERAL (
      SELECT c.chained_at FROM audit_chain c WHERE c.tenant_id = t.id ORDER BY c.position LIMIT 1) oldest
     WHERE oldest.chained_at < $1`,
} as const satisfies Record<PrunedData, string>;

const PRUNE = {
  sessions: `
    SELECT deleted, CASE WHEN deleted = $3 THEN 'more' ELSE 'done' END AS state FROM prune_sessions($1, $2, $3) AS deleted`,
  usage: `
    SELECT deleted, CASE WHEN deleted = $3 THEN 'more' ELSE 'done' END AS state FROM prune_usage_events($1, $2, $3) AS deleted`,
  mails: `
    SELECT deleted, CASE WHEN deleted = $3 THEN 'more' ELSE 'done' END AS state FROM prune_mails($1, $2, $3) AS deleted`,
  audit: 'SELECT deleted, state FROM prune_audit_log($1, $2, $3)',
} as const satisfies Record<PrunedData, string>;

/** Rows of all tenants whose retention period has ended, on the operators' login. */
@Injectable()
export class RetentionRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** The tenants that have rows from before a time. */
  async tenantsWith(data: PrunedData, before: Date): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(DUE[data], [before]);
    return rows.map(({ id }) => id);
  }

  /**
   * Deletes up to {@link BATCH} of a tenant's rows, and records it in the tenant's audit log, in one transaction.
   * @throws Error if `before` is less than six months ago.
   */
  async prune(data: PrunedData, tenantId: string, before: Date): Promise<PrunedBatch> {
    const [batch] = await this.database.query<PrunedBatch>(PRUNE[data], [tenantId, before, BATCH]);
    return batch ?? { deleted: 0, state: 'done' };
  }

  /**
   * Records in a tenant's audit log which entries a run at least twelve hours later deletes.
   * @returns false if there are none, or if an earlier announcement is not finished.
   */
  async announce(tenantId: string, before: Date): Promise<boolean> {
    const [answer] = await this.database.query<{ announced: boolean }>(
      'SELECT announce_audit_pruning($1, $2) AS announced',
      [tenantId, before],
    );
    return answer?.announced === true;
  }
}
