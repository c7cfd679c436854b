import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { seedTenant } from '@poc-tracker/testing';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { ChainWriter } from '../../apps/auth-service/src/audit/chain/chain-writer.js';
import { storedAuditLog } from '../../apps/auth-service/src/audit/chain/stored-audit-log.js';
import type { ChainReport } from '../../apps/auth-service/src/audit/chain/chain-verification.js';
import { type CliRun, cliOn } from '../../tools/cli/cli.fixture.js';
import type { Scheduler } from '../../apps/auth-service/src/schedule/scheduler.js';
import { ServiceDatabase } from '../migrations/service-database.js';

export const WRITER_NAME = 'chain-writer-under-test';

export const RECORD = `
  INSERT INTO security_events (tenant_id, type, result, actor_kind, details)
  VALUES ($1, 'login.failed', 'failure', 'anonymous', $2)`;

export let db: ServiceDatabase;

export let platform: PlatformDatabase;

export let writer: ChainWriter;

export let cli: (...argv: string[]) => Promise<CliRun>;

export function openPlatform(): PlatformDatabase {
  return new PlatformDatabase({
    url: db.database.platformUrl,
    tls: false,
    applicationName: WRITER_NAME,
  });
}

export function writerOn(database: PlatformDatabase): ChainWriter {
  return new ChainWriter(database, {} as Scheduler);
}

export async function count(sql: string, tenantId: string): Promise<number> {
  const { rows } = await db.admin.query<{ count: string }>(sql, [tenantId]);
  return Number(rows[0]?.count);
}

export async function write(tenantId: string, details: unknown = {}): Promise<void> {
  await db.statement({ tenantId, role: 'viewer' }, RECORD, [tenantId, JSON.stringify(details)]);
}

/** Appends until no entry of the tenant is pending. Other tests may write to other tenants meanwhile. */
export async function chainAll(tenantId: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while ((await count(PENDING, tenantId)) > 0) {
    if (Date.now() > deadline)
      throw new Error('The entries were not appended to the chain in time.');
    await writer.appendPending().catch(() => 0);
  }
}

export const PENDING = 'SELECT count(*) FROM audit_pending WHERE tenant_id = $1';

export async function verify(...options: string[]): Promise<{ code: number; report: ChainReport }> {
  const run = await cli('audit', 'verify', '--json', ...options);
  const { auditLogs } = run.json() as { auditLogs: ChainReport[] };
  return { code: run.code, report: auditLogs[0] as ChainReport };
}

export async function writeExport(tenantId: string): Promise<{ path: string; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-export-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const lines: string[] = [];
  for await (const line of storedAuditLog(platform, tenantId)) lines.push(JSON.stringify(line));
  const path = join(folder, 'export.ndjson');
  await writeFile(path, `${lines.join('\n')}\n`);
  return { path, lines };
}

/** A tenant whose chain has ten events and the change of its own row. */
export async function chainedTenant(): Promise<{ tenantId: string; head: string }> {
  const { tenantId } = await seedTenant(db.database);
  for (let index = 0; index < 10; index += 1) await write(tenantId, { index });
  await chainAll(tenantId);
  const { report } = await verify('--tenant', tenantId);
  expect(report).toMatchObject({ intact: true, chained: 11, pending: 0 });
  return { tenantId, head: `${report.head.position}:${report.head.hash}` };
}

/** Bypasses triggers, as an attacker with control of the server can. */
export const tamper = (sql: string, params: unknown[]): Promise<void> =>
  db.bypassingTriggers(sql, params);

export function useAuditChain(): void {
  beforeAll(async () => {
    db = await ServiceDatabase.create();
    platform = openPlatform();
    writer = writerOn(platform);
    cli = cliOn(db.database);
  });

  afterAll(async () => {
    await platform.close();
    await db.drop();
  });
}
