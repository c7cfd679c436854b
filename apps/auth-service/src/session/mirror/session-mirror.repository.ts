import { Injectable } from '@nestjs/common';
import type { Permission, Role } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';

/** What has changed since a position. */
export interface SessionChanges {
  /** Identifies one run of one PostgreSQL server and its database. */
  source: string;
  nextCursor: string;
  /** False if changes may be missing; then `events` is empty. */
  complete: boolean;
  /** Kind (`session`, `user` or `tenant`), tenant and id. */
  events: [kind: string, tenantId: string, id: string][];
}

/** A session as PostgreSQL has it now, with its user and tenant. */
export interface SessionRow {
  tenantId: string;
  sessionId: string;
  userId: string;
  generation: number;
  /** Access tokens of this and later generations may still be valid. */
  previousGeneration: number;
  lastAccessedAt: Date;
  endsAt: Date;
  /** Milliseconds since the end; negative before. */
  endedForMs: number;
  /** Not revoked, not expired, not deleted. */
  active: boolean;
  /** The user and the tenant are active. */
  admitted: boolean;
  createdAt: Date | null;
  deviceId: string | null;
  role: Role | null;
  /** Granted in addition to those of the role. */
  grants: Permission[];
}

/** How many sessions are read and written at a time. */
export const BATCH = 200;

const ROWS = `
  SELECT c.tenant_id AS "tenantId", c.session_id AS "sessionId", c.user_id AS "userId", c.generation,
         c.previous_generation AS "previousGeneration", c.last_accessed_at AS "lastAccessedAt", c.ends_at AS "endsAt",
         extract(epoch FROM clock_timestamp() - c.ends_at)::float8 * 1000 AS "endedForMs",
         coalesce(s.is_active AND s.expires_at > clock_timestamp(), false) AS active,
         coalesce(u.status = 'active' AND t.status = 'active' AND t.deleted_at IS NULL, false) AS admitted,
         s.created_at AS "createdAt", s.device_info ->> 'deviceId' AS "deviceId", u.role,
         coalesce(u.permissions, '[]') || coalesce(r.permissions, '[]') AS grants
    FROM session_changes c
    LEFT JOIN user_sessions s ON s.tenant_id = c.tenant_id AND s.id = c.session_id
    LEFT JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
    LEFT JOIN tenant_roles r ON r.tenant_id = u.tenant_id AND r.id = u.custom_role_id
    LEFT JOIN tenants t ON t.id = c.tenant_id`;

const BY_SESSION = `${ROWS}
   WHERE (c.tenant_id, c.session_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`;

const BY_USER = `${ROWS}
   WHERE (c.tenant_id, c.user_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND c.session_id > $3
   ORDER BY c.session_id LIMIT ${BATCH}`;

const BY_TENANT = `${ROWS}
   WHERE c.tenant_id = $1 AND c.session_id > $2 ORDER BY c.session_id LIMIT ${BATCH}`;

const ALL = `${ROWS}
   WHERE (c.tenant_id, c.session_id) > ($1, $2) ORDER BY c.tenant_id, c.session_id LIMIT ${BATCH}`;

/* By the place of the rows, which is fixed while they are locked: a join by their key may read the whole table. */
const PRUNE = `
  WITH gone AS (
    DELETE FROM session_changes WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM session_changes WHERE ends_at < now() - interval '20 minutes'
       ORDER BY ends_at LIMIT $1 FOR UPDATE SKIP LOCKED))
    RETURNING session_id)
  SELECT count(*)::int AS rows FROM gone`;

const NIL = '00000000-0000-0000-0000-000000000000';

/** Sessions of all tenants, on the operators' login: the mirror works for no user. */
@Injectable()
export class SessionMirrorRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** @param cursor undefined: returns where to start. */
  async changesSince(cursor: string | undefined): Promise<SessionChanges> {
    const [changes] = await this.database.query<SessionChanges>(
      'SELECT source, next_cursor AS "nextCursor", complete, events FROM session_changes_since($1)',
      [cursor ?? null],
    );
    if (changes === undefined) throw new Error('session_changes_since() returned no row.');
    return changes;
  }

  /** Sessions that ended after a time, and the time of the database. */
  async endedSince(since: Date | undefined): Promise<{ until: Date; rows: SessionRow[] }> {
    const [time] = await this.database.query<{ until: Date }>('SELECT clock_timestamp() AS until');
    if (time === undefined) throw new Error('clock_timestamp() returned no row.');
    const rows = await this.database.query<SessionRow>(
      `${ROWS} WHERE c.ends_at >= coalesce($1, $2::timestamptz - interval '16 minutes') AND c.ends_at <= $2`,
      [since ?? null, time.until],
    );
    return { until: time.until, rows };
  }

  sessions(ids: readonly { tenantId: string; id: string }[]): Promise<SessionRow[]> {
    return this.database.query(BY_SESSION, columnsOf(ids));
  }

  async *ofUsers(ids: readonly { tenantId: string; id: string }[]): AsyncGenerator<SessionRow[]> {
    yield* pages((after) =>
      this.database.query(BY_USER, [...columnsOf(ids), after?.sessionId ?? NIL]),
    );
  }

  async *ofTenant(tenantId: string): AsyncGenerator<SessionRow[]> {
    yield* pages((after) => this.database.query(BY_TENANT, [tenantId, after?.sessionId ?? NIL]));
  }

  async *all(): AsyncGenerator<SessionRow[]> {
    yield* pages((after) =>
      this.database.query(ALL, [after?.tenantId ?? NIL, after?.sessionId ?? NIL]),
    );
  }

  /** The ids of all tenants, for what the mirror may hold of them. */
  async tenantIds(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>('SELECT id FROM tenants');
    return rows.map(({ id }) => id);
  }

  /** Records the use of sessions, at most once a minute for each. Sessions that are locked are skipped, not waited for. */
  async touch(ids: readonly { tenantId: string; id: string }[]): Promise<void> {
    await this.database.query(
      `UPDATE session_changes c SET last_accessed_at = clock_timestamp(), xid = pg_current_xact_id()
         FROM (SELECT tenant_id, session_id FROM session_changes
                WHERE (tenant_id, session_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
                  AND last_accessed_at <= clock_timestamp() - interval '1 minute'
                  FOR NO KEY UPDATE SKIP LOCKED) due
        WHERE c.tenant_id = due.tenant_id AND c.session_id = due.session_id`,
      columnsOf(ids),
    );
  }

  /**
   * Deletes what is no longer needed of sessions that ended more than twenty minutes ago, those that ended first before others.
   * A row that is locked waits for the next run.
   * @returns the number of deleted rows, at most `limit`.
   */
  async prune(limit: number): Promise<number> {
    const [gone] = await this.database.query<{ rows: number }>(PRUNE, [limit]);
    return gone?.rows ?? 0;
  }
}

function columnsOf(ids: readonly { tenantId: string; id: string }[]): [string[], string[]] {
  return [ids.map(({ tenantId }) => tenantId), ids.map(({ id }) => id)];
}

async function* pages(
  read: (after: SessionRow | undefined) => Promise<SessionRow[]>,
): AsyncGenerator<SessionRow[]> {
  for (let after: SessionRow | undefined; ;) {
    const page = await read(after);
    if (page.length > 0) yield page;
    if (page.length < BATCH) return;
    after = page.at(-1);
  }
}
