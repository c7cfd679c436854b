import { PlatformDatabase } from '@poc-tracker/tenancy';
import { seedTenant, seedUser } from '@poc-tracker/testing';
import { afterAll, beforeAll } from 'vitest';
import { ChainWriter } from '../../apps/auth-service/src/audit/chain/chain-writer.js';
import type { ChainReport } from '../../apps/auth-service/src/audit/chain/chain-verification.js';
import { linkEntry } from '../../apps/auth-service/src/audit/chain/chain-link.js';
import {
  readEntries,
  readHead,
} from '../../apps/auth-service/src/audit/chain/audit-log-page.repository.js';
import type { EntryKey } from '../../apps/auth-service/src/audit/audit-entry.js';
import { RetentionJobs } from '../../apps/auth-service/src/retention/retention.jobs.js';
import { RetentionRepository } from '../../apps/auth-service/src/retention/retention.repository.js';
import type { Scheduler } from '../../apps/auth-service/src/schedule/scheduler.js';
import { type CliRun, cliOn } from '../../tools/cli/cli.fixture.js';
import { ServiceDatabase } from '../migrations/service-database.js';

export let db: ServiceDatabase;
export let platform: PlatformDatabase;
export let rows: RetentionRepository;
export let cli: (...argv: string[]) => Promise<CliRun>;

export const DAYS = { sessionsDays: 184, auditDays: 365, usageDays: 365, mailsDays: 90 };

/** The job of one instance. */
export function jobsOn(repository = rows): RetentionJobs {
  return new RetentionJobs({ retention: DAYS }, {} as Scheduler, platform, repository);
}

/** Appends what waits to the chains, as the job that does so every second. */
export async function extendChains(): Promise<void> {
  await new ChainWriter(platform, {} as Scheduler).appendPending();
}

/** Moves the announcements of deletions that are not in the chain yet into the past. */
export async function ageAnnouncements(minutes: number): Promise<void> {
  await bypassingTriggers(
    `UPDATE security_events s SET occurred_at = s.occurred_at - $1::float8 * interval '1 minute'
       FROM audit_pending p
      WHERE s.type = 'audit.pruning_announced' AND p.tenant_id = s.tenant_id AND p.entry_id = s.id`,
    [minutes],
  );
}

/** Lets the time pass that an announcement must be old, and appends it to its chain. */
export async function halfADayPasses(): Promise<void> {
  await ageAnnouncements(12 * 60);
  await extendChains();
}

/** A time some days ago, by the clock of the database. */
export async function daysAgo(days: number): Promise<Date> {
  const { rows: found } = await db.admin.query<{ at: Date }>(
    `SELECT now() - $1::float8 * interval '1 day' AS at`,
    [days],
  );
  return found[0]?.at ?? new Date(NaN);
}

/** A tenant with one user. */
export async function newTenant(): Promise<{ tenantId: string; userId: string }> {
  const { tenantId } = await seedTenant(db.database);
  const { userId } = await seedUser(db.database, tenantId, { role: 'admin' });
  return { tenantId, userId };
}

const SESSIONS = `
  INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, ip_address, created_at, last_used_at,
                             expires_at, is_active, revoked_at)
  SELECT $1, $2, sha256(gen_random_uuid()::text::bytea), '\\x00', '203.0.113.7', e.at - interval '1 hour',
         e.at - interval '1 hour', e.at, $5::interval IS NULL, e.at - $5::interval
    FROM (SELECT now() - $4::float8 * interval '1 day' AS at) e, generate_series(1, $3)
  RETURNING id`;

/** Inserts sessions that have ended by themselves, or were revoked that long before. @returns their ids. */
export async function endedSessions(
  { tenantId, userId }: { tenantId: string; userId: string },
  count: number,
  endedDaysAgo: number,
  revokedBefore: string | null = null,
): Promise<string[]> {
  const { rows: sessions } = await db.admin.query<{ id: string }>(SESSIONS, [
    tenantId,
    userId,
    count,
    endedDaysAgo,
    revokedBefore,
  ]);
  return sessions.map(({ id }) => id);
}

/** The ids of the sessions of a tenant. */
export async function sessionsOf(tenantId: string): Promise<string[]> {
  const { rows: sessions } = await db.admin.query<{ id: string }>(
    'SELECT id FROM user_sessions WHERE tenant_id = $1 ORDER BY expires_at, id',
    [tenantId],
  );
  return sessions.map(({ id }) => id);
}

/** The details of a tenant's events of a type, in their order. */
export async function eventsOf(tenantId: string, type: string): Promise<Record<string, unknown>[]> {
  const { rows: events } = await db.admin.query<{ details: Record<string, unknown> }>(
    'SELECT details FROM security_events WHERE tenant_id = $1 AND type = $2 ORDER BY id',
    [tenantId, type],
  );
  return events.map(({ details }) => details);
}

/** Writes events of that time to the audit log of a tenant, and appends all of its entries to the chain at that time. */
export async function chainedEvents(
  tenantId: string,
  count: number,
  writtenDaysAgo: number,
  chainedDaysAgo = writtenDaysAgo,
): Promise<void> {
  await db.admin.query(
    `INSERT INTO security_events (tenant_id, type, result, actor_kind, occurred_at, details)
     SELECT $1, 'login.succeeded', 'success', 'user', now() - $3::float8 * interval '1 day', jsonb_build_object('index', n)
       FROM generate_series(1, $2) n`,
    [tenantId, count, writtenDaysAgo],
  );
  await chainPending(tenantId, await daysAgo(chainedDaysAgo));
}

/** Appends the pending entries of a tenant to its chain, at a time that the operators' login may state. */
async function chainPending(tenantId: string, at: Date): Promise<void> {
  await platform.transaction({ tenantId, operatorId: null }, async (transaction) => {
    const keys = await transaction.query<EntryKey>(
      `SELECT tenant_id AS "tenantId", entry_id AS id, entry_table AS "table" FROM audit_pending
        WHERE tenant_id = $1 ORDER BY entry_id`,
      [tenantId],
    );
    const start = await readHead(transaction, tenantId);
    let head = start;
    const links = (await readEntries(transaction, keys)).map((entry) => {
      const link = linkEntry(entry, head, at);
      head = link;
      return {
        position: link.position,
        entry_table: entry.table,
        entry_id: entry.id,
        entry_hash: link.entryHash,
        previous_hash: link.previousHash,
        hash: link.hash,
        chained_at: link.chainedAt,
      };
    });
    await transaction.query('SELECT append_audit_chain($1, $2, $3)', [
      tenantId,
      start.position,
      JSON.stringify(links),
    ]);
  });
}

/** A tenant whose first entries, its own row and its user, were written now and are forgotten. */
export async function tenantWithOldLog(count: number, writtenDaysAgo: number) {
  const tenant = await newTenant();
  await bypassingTriggers('DELETE FROM audit_log WHERE tenant_id = $1', [tenant.tenantId]);
  await bypassingTriggers('DELETE FROM audit_pending WHERE tenant_id = $1', [tenant.tenantId]);
  await chainedEvents(tenant.tenantId, count, writtenDaysAgo);
  return tenant;
}

/** Bypasses triggers, as an attacker with control of the server can. */
export const bypassingTriggers = (sql: string, params: unknown[]): Promise<void> =>
  db.bypassingTriggers(sql, params);

/** Positions in the chain of a tenant, and how many of its entries exist. */
export async function logOf(
  tenantId: string,
): Promise<{ first: number; last: number; entries: number }> {
  const { rows: found } = await db.admin.query<{ first: number; last: number; entries: number }>(
    `SELECT min(position)::int AS first, max(position)::int AS last,
            (SELECT count(*)::int FROM security_events WHERE tenant_id = $1)
              + (SELECT count(*)::int FROM audit_log WHERE tenant_id = $1) AS entries
       FROM audit_chain WHERE tenant_id = $1`,
    [tenantId],
  );
  return found[0] ?? { first: 0, last: 0, entries: 0 };
}

export async function verify(...options: string[]): Promise<ChainReport> {
  const run = await cli('audit', 'verify', '--json', ...options);
  const { auditLogs } = run.json() as { auditLogs: ChainReport[] };
  return auditLogs[0] as ChainReport;
}

export function useRetention(): void {
  beforeAll(async () => {
    db = await ServiceDatabase.create();
    platform = new PlatformDatabase({ url: db.database.platformUrl, tls: false });
    rows = new RetentionRepository(platform);
    cli = cliOn(db.database);
  });

  afterAll(async () => {
    await platform.close();
    await db.drop();
  });
}
