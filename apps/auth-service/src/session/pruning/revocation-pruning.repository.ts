import { Injectable } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';

/* By the place of the rows, which is fixed while they are locked: a join by their key may read the whole table. */
const PRUNE_SESSIONS = `
  WITH gone AS (
    DELETE FROM session_changes WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM session_changes WHERE ends_at < now() - interval '20 minutes'
       ORDER BY ends_at LIMIT $1 FOR UPDATE SKIP LOCKED))
    RETURNING session_id)
  SELECT count(*)::int AS rows FROM gone`;

const PRUNE_EVENTS = 'SELECT greatest(deleted, retired) AS rows FROM prune_revocations($1)';

/** What readers of revocations and of ended sessions no longer need, of all tenants, on the operators' login. */
@Injectable()
export class RevocationPruningRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /**
   * Deletes what is no longer needed of sessions that ended more than twenty minutes ago, those that ended first before others.
   * A row that is locked waits for the next run.
   * @returns the number of deleted rows, at most `limit`.
   */
  async pruneSessions(limit: number): Promise<number> {
    const [gone] = await this.database.query<{ rows: number }>(PRUNE_SESSIONS, [limit]);
    return gone?.rows ?? 0;
  }

  /**
   * Deletes events of the revocation feed that were found committed more than twenty minutes ago, and notes that others are.
   * @returns the number of events of the larger part, at most `limit`.
   */
  async pruneEvents(limit: number): Promise<number> {
    const [batch] = await this.database.query<{ rows: number }>(PRUNE_EVENTS, [limit]);
    return batch?.rows ?? 0;
  }
}
