import { Injectable } from '@nestjs/common';
import { NIL_UUID, type Permission, type Role } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';

/** What has changed since a position. */
export interface SessionChanges {
  /** Identifies one run of one PostgreSQL server and its database. */
  source: string;
  nextCursor: string;
  /** False if there is no position to continue from, or if it is of another source; then `events` is empty. */
  complete: boolean;
  /** The changes are read in parts, and `nextCursor` continues in the middle of them. */
  more: boolean;
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

/*
 * The details of each session of a page, by one look-up in each table for each of them. A join would be planned for all rows
 * behind the page, and a merge join reads the other tables from their first row on: the more pages, the longer each takes.
 */
const COLUMNS = `
         c.tenant_id AS "tenantId", c.session_id AS "sessionId", c.user_id AS "userId", c.generation,
         c.previous_generation AS "previousGeneration", c.last_accessed_at AS "lastAccessedAt", c.ends_at AS "endsAt",
         extract(epoch FROM clock_timestamp() - c.ends_at)::float8 * 1000 AS "endedForMs",
         coalesce(s.is_active AND s.expires_at > clock_timestamp(), false) AS active,
         coalesce(u.status = 'active' AND t.status = 'active' AND t.deleted_at IS NULL, false) AS admitted,
         s.created_at AS "createdAt", s.device_info ->> 'deviceId' AS "deviceId", u.role,
         coalesce(u.permissions, '[]') || coalesce(r.permissions, '[]') AS grants` as const;

const DETAILS = `
    FROM c
    LEFT JOIN LATERAL (
      SELECT is_active, expires_at, created_at, device_info
        FROM user_sessions WHERE tenant_id = c.tenant_id AND id = c.session_id LIMIT 1) s ON true
    LEFT JOIN LATERAL (
      SELECT tenant_id, role, permissions, status, custom_role_id
        FROM users WHERE tenant_id = c.tenant_id AND id = c.user_id LIMIT 1) u ON true
    LEFT JOIN LATERAL (
      SELECT permissions FROM tenant_roles WHERE tenant_id = u.tenant_id AND id = u.custom_role_id LIMIT 1) r ON true
    LEFT JOIN LATERAL (SELECT status, deleted_at FROM tenants WHERE id = c.tenant_id LIMIT 1) t ON true` as const;

const BY_SESSION = `
  WITH c AS MATERIALIZED (
    SELECT n.* FROM unnest($1::uuid[], $2::uuid[]) AS named (tenant_id, session_id), LATERAL (
      SELECT * FROM session_changes x WHERE x.tenant_id = named.tenant_id AND x.session_id = named.session_id LIMIT 1) n)
  SELECT ${COLUMNS} ${DETAILS}`;

const BY_USER = `
  WITH c AS MATERIALIZED (
    SELECT n.* FROM unnest($1::uuid[], $2::uuid[]) AS named (tenant_id, user_id), LATERAL (
      SELECT * FROM session_changes x
       WHERE x.tenant_id = named.tenant_id AND x.user_id = named.user_id AND x.session_id > $3
       ORDER BY x.session_id LIMIT ${BATCH}) n
     ORDER BY n.session_id LIMIT ${BATCH})
  SELECT ${COLUMNS} ${DETAILS} ORDER BY c.session_id`;

const BY_TENANT = `
  WITH c AS MATERIALIZED (
    SELECT * FROM session_changes WHERE tenant_id = $1 AND session_id > $2 ORDER BY session_id LIMIT ${BATCH})
  SELECT ${COLUMNS} ${DETAILS} ORDER BY c.session_id`;

const ALL = `
  WITH c AS MATERIALIZED (
    SELECT * FROM session_changes WHERE (tenant_id, session_id) > ($1, $2) ORDER BY tenant_id, session_id LIMIT ${BATCH})
  SELECT ${COLUMNS} ${DETAILS} ORDER BY c.tenant_id, c.session_id`;

/* With the time of the end as text as well, because a Date of JavaScript has no microseconds. */
const ENDED = `
  WITH c AS MATERIALIZED (
    SELECT * FROM session_changes
     WHERE ends_at >= $1 AND ends_at <= $2 AND (ends_at, tenant_id, session_id) > ($3, $4, $5)
     ORDER BY ends_at, tenant_id, session_id LIMIT ${BATCH})
  SELECT ${COLUMNS}, c.ends_at::text AS "endedAt" ${DETAILS} ORDER BY c.ends_at, c.tenant_id, c.session_id`;

const TENANTS = `SELECT id FROM tenants WHERE id > $1 ORDER BY id LIMIT ${BATCH}`;

const ENDS_OF_INTEREST = `
  SELECT clock_timestamp() AS until, clock_timestamp() - interval '16 minutes' AS earliest`;

/** Sessions of all tenants, on the operators' login: the mirror works for no user. */
@Injectable()
export class SessionMirrorRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** @param cursor undefined: returns where to start. */
  async changesSince(cursor: string | undefined): Promise<SessionChanges> {
    const [changes] = await this.database.query<SessionChanges>(
      'SELECT source, next_cursor AS "nextCursor", complete, more, events FROM session_changes_since($1)',
      [cursor ?? null],
    );
    if (changes === undefined) throw new Error('session_changes_since() returned no row.');
    return changes;
  }

  /** The time of the database, and the end of the earliest session whose tokens are still refused. */
  async endsOfInterest(): Promise<{ until: Date; earliest: Date }> {
    const [times] = await this.database.query<{ until: Date; earliest: Date }>(ENDS_OF_INTEREST);
    if (times === undefined) throw new Error('clock_timestamp() returned no row.');
    return times;
  }

  /** Sessions that ended in a period. */
  async *endedBetween(since: Date, until: Date): AsyncGenerator<SessionRow[]> {
    yield* pages<SessionRow & { endedAt: string }>((after) =>
      this.database.query(ENDED, [
        since,
        until,
        after?.endedAt ?? '-infinity',
        after?.tenantId ?? NIL_UUID,
        after?.sessionId ?? NIL_UUID,
      ]),
    );
  }

  /** Which of these sessions of a tenant exist, or have ended a short time ago. */
  async known(tenantId: string, ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.database.query<{ id: string }>(
      'SELECT session_id AS id FROM session_changes WHERE tenant_id = $1 AND session_id = ANY ($2)',
      [tenantId, ids],
    );
    return new Set(rows.map(({ id }) => id));
  }

  sessions(ids: readonly { tenantId: string; id: string }[]): Promise<SessionRow[]> {
    return this.database.query(BY_SESSION, columnsOf(ids));
  }

  async *ofUsers(ids: readonly { tenantId: string; id: string }[]): AsyncGenerator<SessionRow[]> {
    yield* pages((after) =>
      this.database.query(BY_USER, [...columnsOf(ids), after?.sessionId ?? NIL_UUID]),
    );
  }

  async *ofTenant(tenantId: string): AsyncGenerator<SessionRow[]> {
    yield* pages((after) =>
      this.database.query(BY_TENANT, [tenantId, after?.sessionId ?? NIL_UUID]),
    );
  }

  async *all(): AsyncGenerator<SessionRow[]> {
    yield* pages((after) =>
      this.database.query(ALL, [after?.tenantId ?? NIL_UUID, after?.sessionId ?? NIL_UUID]),
    );
  }

  /** The ids of all tenants, for what the mirror may hold of them. */
  async *tenantIds(): AsyncGenerator<string[]> {
    const found = pages<{ id: string }>((after) =>
      this.database.query(TENANTS, [after?.id ?? NIL_UUID]),
    );
    for await (const tenants of found) yield tenants.map(({ id }) => id);
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
}

function columnsOf(ids: readonly { tenantId: string; id: string }[]): [string[], string[]] {
  return [ids.map(({ tenantId }) => tenantId), ids.map(({ id }) => id)];
}

async function* pages<Row>(
  read: (after: Row | undefined) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  for (let after: Row | undefined; ;) {
    const page = await read(after);
    if (page.length > 0) yield page;
    if (page.length < BATCH) return;
    after = page.at(-1);
  }
}
