import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';

const PRUNE = `
  WITH expired AS (
    SELECT tenant_id, id FROM one_time_tokens WHERE expires_at < now() ORDER BY expires_at LIMIT $1
  ), gone AS (
    DELETE FROM one_time_tokens t USING expired e WHERE t.tenant_id = e.tenant_id AND t.id = e.id RETURNING t.id
  )
  SELECT count(*)::int AS rows FROM gone`;

/** Tokens of all tenants, on the operators' login. */
@Injectable()
export class OneTimeTokenPruningRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** Deletes expired tokens, the oldest first. @returns how many, at most `limit`. */
  async prune(limit: number): Promise<number> {
    const [gone] = await this.database.query<{ rows: number }>(PRUNE, [limit]);
    return gone?.rows ?? 0;
  }
}
