import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';

const pruned = (table: string): string => `
  WITH expired AS (
    SELECT tenant_id, id FROM ${table} WHERE expires_at < now() ORDER BY expires_at LIMIT $1
  ), gone AS (
    DELETE FROM ${table} t USING expired e WHERE t.tenant_id = e.tenant_id AND t.id = e.id RETURNING t.id
  )
  SELECT count(*)::int AS rows FROM gone`;

const PRUNE = {
  tokens: pruned('one_time_tokens'),
  registrations: pruned('pending_registrations'),
  mailRequests: pruned('mail_requests'),
} as const;

/** What expires: tokens and codes, registrations that were not confirmed, and requests for a mail that cannot be worked off. */
export type ExpiringData = keyof typeof PRUNE;

/** Expired rows of all tenants, on the operators' login. */
@Injectable()
export class OneTimeTokenPruningRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Deletes expired rows, the oldest first. @returns how many, at most `limit`. */
  async prune(data: ExpiringData, limit: number): Promise<number> {
    // eslint-disable-next-line poc/sql-from-constants -- one of a list of constants
    const [gone] = await this.database.query<{ rows: number }>(PRUNE[data], [limit]);
    return gone?.rows ?? 0;
  }
}
