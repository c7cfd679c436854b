import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { seedTenant } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ChainWriter } from '../../apps/auth-service/src/audit/chain/chain-writer.js';
import { storedAuditLog } from '../../apps/auth-service/src/audit/chain/stored-audit-log.js';
import type { ChainReport } from '../../apps/auth-service/src/audit/chain/chain-verification.js';
import { type CliRun, cliOn } from '../../tools/cli/cli.fixture.js';
import type { Scheduler } from '../../apps/auth-service/src/schedule/scheduler.js';
import { ServiceDatabase } from '../migrations/service-database.js';

const WRITER_NAME = 'chain-writer-under-test';

const RECORD = `
  INSERT INTO security_events (tenant_id, type, result, actor_kind, details)
  VALUES ($1, 'login.failed', 'failure', 'anonymous', $2)`;

let db: ServiceDatabase;
let platform: PlatformDatabase;
let writer: ChainWriter;
let cli: (...argv: string[]) => Promise<CliRun>;

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

function openPlatform(): PlatformDatabase {
  return new PlatformDatabase({
    url: db.database.platformUrl,
    tls: false,
    applicationName: WRITER_NAME,
  });
}

function writerOn(database: PlatformDatabase): ChainWriter {
  return new ChainWriter(database, {} as Scheduler);
}

async function count(sql: string, tenantId: string): Promise<number> {
  const { rows } = await db.admin.query<{ count: string }>(sql, [tenantId]);
  return Number(rows[0]?.count);
}

async function write(tenantId: string, details: unknown = {}): Promise<void> {
  await db.statement({ tenantId, role: 'viewer' }, RECORD, [tenantId, JSON.stringify(details)]);
}

/** Appends until no entry of the tenant is pending. Other tests may write to other tenants meanwhile. */
async function chainAll(tenantId: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while ((await count(PENDING, tenantId)) > 0) {
    if (Date.now() > deadline)
      throw new Error('The entries were not appended to the chain in time.');
    await writer.appendPending().catch(() => 0);
  }
}

const PENDING = 'SELECT count(*) FROM audit_unsealed WHERE tenant_id = $1';
const CHAINED = 'SELECT count(*) FROM audit_chain WHERE tenant_id = $1';
const WRITTEN = `
  SELECT (SELECT count(*) FROM security_events WHERE tenant_id = $1)
       + (SELECT count(*) FROM audit_log WHERE tenant_id = $1) AS count`;

async function verify(...options: string[]): Promise<{ code: number; report: ChainReport }> {
  const run = await cli('audit', 'verify', '--json', ...options);
  const { auditLogs } = run.json() as { auditLogs: ChainReport[] };
  return { code: run.code, report: auditLogs[0] as ChainReport };
}

async function writeExport(tenantId: string): Promise<{ path: string; lines: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-export-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const lines: string[] = [];
  for await (const line of storedAuditLog(platform, tenantId)) lines.push(JSON.stringify(line));
  const path = join(folder, 'export.ndjson');
  await writeFile(path, `${lines.join('\n')}\n`);
  return { path, lines };
}

/** A tenant whose chain has ten events and the change of its own row. */
async function chainedTenant(): Promise<{ tenantId: string; head: string }> {
  const { tenantId } = await seedTenant(db.database);
  for (let index = 0; index < 10; index += 1) await write(tenantId, { index });
  await chainAll(tenantId);
  const { report } = await verify('--tenant', tenantId);
  expect(report).toMatchObject({ intact: true, chained: 11, pending: 0 });
  return { tenantId, head: `${report.head.position}:${report.head.hash}` };
}

/** Bypasses triggers, as an attacker with control of the server can. */
async function tamper(sql: string, params: unknown[]): Promise<void> {
  const client = await db.admin.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(sql, params);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

describe('the log of checkpoints', () => {
  it.each([
    ['46 hours ago', true],
    ['49 hours ago', false],
  ])('contains a chain that last grew %s: %s', async (age, noted) => {
    const { tenantId, head } = await chainedTenant();
    await tamper(`UPDATE audit_chain SET sealed_at = now() - $2::interval WHERE tenant_id = $1`, [
      tenantId,
      age.replace(' ago', ''),
    ]);
    const log = vi.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);
    onTestFinished(() => void log.mockRestore());
    await writer.logCheckpoints();
    const lines = log.mock.calls.map(([line]: unknown[]) => line);
    expect(lines.includes(`Audit checkpoint of tenant ${tenantId}: ${head}`)).toBe(noted);
  });
});

describe('the chain of a tenant', () => {
  it('contains exactly what 200 parallel transactions committed while two chain writers run', async () => {
    const { tenantId } = await seedTenant(db.database);
    const rolledBack = new Error('rolled back');
    const second = openPlatform();
    onTestFinished(() => second.close());
    let writing = true;
    const appending = [writer, writerOn(second)].map(async (one) => {
      while (writing) await one.appendPending().catch(() => 0);
    });
    const writers = Array.from({ length: 200 }, async (_, index) => {
      const work = db.within({ tenantId, role: 'viewer' }, async (client) => {
        await client.query(RECORD, [tenantId, JSON.stringify({ index })]);
        await client.query(RECORD, [tenantId, JSON.stringify({ index, second: true })]);
        if (index % 3 === 0) throw rolledBack;
      });
      await work.catch((error: unknown) => {
        if (error !== rolledBack) throw error;
      });
    });
    await Promise.all(writers);
    writing = false;
    await Promise.all(appending);
    await chainAll(tenantId);
    const committed =
      2 * Array.from({ length: 200 }, (_, i) => i).filter((i) => i % 3 !== 0).length;
    expect(await count(CHAINED, tenantId)).toBe(committed + 1);
    expect(await count(WRITTEN, tenantId)).toBe(committed + 1);
    const { code, report } = await verify('--tenant', tenantId);
    expect([code, report.intact, report.chained]).toEqual([0, true, committed + 1]);
  });

  it('appends an entry that was committed late after entries that were appended earlier', async () => {
    const { tenantId } = await seedTenant(db.database);
    await db.within({ tenantId, role: 'viewer' }, async (client) => {
      await client.query(RECORD, [tenantId, '{"late": true}']);
      await write(tenantId);
      await chainAll(tenantId);
      expect(await count(CHAINED, tenantId)).toBe(2);
    });
    await chainAll(tenantId);
    const { rows } = await db.admin.query(
      `SELECT s.details FROM audit_chain c JOIN security_events s ON s.tenant_id = c.tenant_id AND s.id = c.entry_id
        WHERE c.tenant_id = $1 AND c.position = 3`,
      [tenantId],
    );
    expect(rows).toEqual([{ details: { late: true } }]);
    expect((await verify('--tenant', tenantId)).code).toBe(0);
  });

  it('makes no transaction wait for another one or for the chain writer', async () => {
    const { tenantId } = await seedTenant(db.database);
    await write(tenantId);
    await platform
      .transaction({ tenantId, operatorId: null }, async (transaction) => {
        const [queued] = await transaction.query<{ id: string }>(
          'SELECT entry_id AS id FROM audit_unsealed WHERE tenant_id = $1 AND entry_table = $2',
          [tenantId, 'security_events'],
        );
        const link = { position: 1, entry_table: 'security_events', entry_id: queued?.id };
        const zeros = '0'.repeat(64);
        const entry = { ...link, entry_hash: zeros, previous_hash: zeros, hash: zeros };
        await transaction.query('SELECT seal_audit_entries($1, 0, $2)', [
          tenantId,
          JSON.stringify([{ ...entry, sealed_at: new Date() }]),
        ]);
        // Both of these transactions and that of the chain writer are open at once.
        await db.within({ tenantId, role: 'viewer' }, async (client) => {
          await client.query(`SET LOCAL lock_timeout = '1s'`);
          await client.query(RECORD, [tenantId, '{}']);
          await db.within({ tenantId, role: 'viewer' }, async (other) => {
            await other.query(`SET LOCAL lock_timeout = '1s'`);
            await other.query(RECORD, [tenantId, '{}']);
          });
        });
        throw new Error('undone');
      })
      .catch((error: unknown) => {
        expect(error).toHaveProperty('message', 'undone');
      });
    expect(await count(PENDING, tenantId)).toBe(4);
  });

  it('stays intact when the connection of the chain writer is terminated repeatedly', async () => {
    const { tenantId } = await seedTenant(db.database);
    await db.statement(
      { tenantId, role: 'viewer' },
      `INSERT INTO security_events (tenant_id, type, result, actor_kind)
       SELECT $1, 'logout', 'success', 'system' FROM generate_series(1, 3000)`,
      [tenantId],
    );
    let kills = 0;
    let running = true;
    const killing = (async () => {
      while (running) {
        const { rowCount } = await db.admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = $1 AND datname = current_database() AND state <> 'idle'
              AND query ~ 'seal_audit_entries'`,
          [WRITER_NAME],
        );
        kills += rowCount ?? 0;
        if (kills >= 5) running = false;
      }
    })();
    const deadline = Date.now() + 30_000;
    while ((await count(PENDING, tenantId)) > 0 && Date.now() < deadline) {
      await writer.appendPending().catch(() => 0);
    }
    running = false;
    await killing;
    expect(kills).toBeGreaterThan(0);
    const { code, report } = await verify('--tenant', tenantId);
    expect([code, report.chained]).toEqual([0, 3001]);
  });

  it('is not blocked by an entry that cannot be hashed or by a number that exceeds a double', async () => {
    const { tenantId } = await seedTenant(db.database);
    const deep = `{"a":${'['.repeat(4_000)}${']'.repeat(4_000)}}`;
    const insert = (details: string) =>
      db.statement({ tenantId, role: 'viewer' }, RECORD, [tenantId, details]);
    await insert(deep);
    await insert('{"n": 1e400}');
    await write(tenantId);
    await expect(writer.appendPending()).rejects.toThrow('cannot be hashed');
    expect([await count(CHAINED, tenantId), await count(PENDING, tenantId)]).toEqual([3, 1]);
    const { path } = await writeExport(tenantId);
    for (const call of [
      ['--tenant', tenantId],
      ['--file', path],
    ]) {
      const { code, report } = await verify(...call);
      expect([code, report.chained, report.pending]).toEqual([0, 3, 1]);
    }
    await tamper('DELETE FROM audit_unsealed WHERE tenant_id = $1', [tenantId]);
    await tamper('DELETE FROM security_events WHERE tenant_id = $1', [tenantId]);
  });

  it('is written by the chain writer only and refuses changes of its links', async () => {
    const { tenantId } = await chainedTenant();
    const admin = { tenantId, role: 'admin' };
    for (const [sql, code] of [
      ['DELETE FROM audit_chain', '42501'],
      ["UPDATE security_events SET result = 'success'", '42501'],
      ['DELETE FROM audit_unsealed', '42501'],
      [`SELECT seal_audit_entries('${tenantId}', 0, '[]')`, '42501'],
      [
        `INSERT INTO security_events (tenant_id, type, result, actor_kind) VALUES ('${tenantId}', 'logout', 'success', 'operator')`,
        '42501',
      ],
      [
        `INSERT INTO security_events (tenant_id, type, result, actor_kind, occurred_at)
         VALUES ('${tenantId}', 'logout', 'success', 'system', now() - interval '1 day')`,
        '42501',
      ],
    ] as const) {
      await expect(db.statement(admin, sql), sql).rejects.toMatchObject({ code });
    }
    for (const sql of [
      'DELETE FROM audit_chain',
      'UPDATE audit_chain SET position = position + 1',
      'TRUNCATE audit_chain',
      'DELETE FROM security_events',
      'TRUNCATE security_events',
    ]) {
      await expect(db.admin.query(sql), sql).rejects.toMatchObject({ code: '42501' });
    }
  });
});

describe('audit verify', () => {
  const EVENT = (position: number): string =>
    `(SELECT entry_id FROM audit_chain WHERE tenant_id = $1 AND position = ${position})`;

  it.each([
    [
      'a changed detail',
      `UPDATE security_events SET details = '{"index": 99}' WHERE tenant_id = $1 AND id = ${EVENT(5)}`,
      'changed',
      5,
    ],
    [
      'a changed time',
      `UPDATE security_events SET occurred_at = occurred_at + interval '1 microsecond' WHERE tenant_id = $1 AND id = ${EVENT(5)}`,
      'changed',
      5,
    ],
    [
      'a changed row of audit_log',
      `UPDATE audit_log SET new_data = new_data || '{"name": "x"}' WHERE tenant_id = $1`,
      'changed',
      null,
    ],
    [
      'a removed entry',
      `DELETE FROM security_events WHERE tenant_id = $1 AND id = ${EVENT(5)}`,
      'removed',
      5,
    ],
    [
      'a removed link',
      `DELETE FROM audit_chain WHERE tenant_id = $1 AND position = 5`,
      'removed',
      5,
    ],
    [
      'a removed beginning',
      `DELETE FROM audit_chain WHERE tenant_id = $1 AND position < 3`,
      'removed',
      1,
    ],
    [
      'a removed end of the chain',
      `DELETE FROM audit_chain WHERE tenant_id = $1 AND position > 8`,
      'inserted',
      null,
    ],
    ['a removed chain', `DELETE FROM audit_chain WHERE tenant_id = $1`, 'inserted', null],
    [
      'an entry inserted without a link',
      `INSERT INTO security_events (tenant_id, type, result, actor_kind) VALUES ($1, 'logout', 'success', 'user')`,
      'inserted',
      null,
    ],
    [
      'swapped entries',
      [
        'UPDATE audit_chain SET position = 1000 WHERE tenant_id = $1 AND position = 5',
        'UPDATE audit_chain SET position = 5 WHERE tenant_id = $1 AND position = 6',
        'UPDATE audit_chain SET position = 6 WHERE tenant_id = $1 AND position = 1000',
      ],
      'changed',
      5,
    ],
    [
      'an inserted link',
      [
        'UPDATE audit_chain SET position = position + 1000 WHERE tenant_id = $1 AND position > 5',
        `INSERT INTO audit_chain SELECT tenant_id, 6, entry_table, gen_random_uuid(), entry_hash, hash, sha256('x'), sealed_at FROM audit_chain WHERE tenant_id = $1 AND position = 5`,
        'UPDATE audit_chain SET position = position - 999 WHERE tenant_id = $1 AND position > 1000',
      ],
      'changed',
      6,
    ],
    [
      'a changed time of a link',
      `UPDATE audit_chain SET sealed_at = sealed_at - interval '1 hour' WHERE tenant_id = $1 AND position = 5`,
      'changed',
      5,
    ],
    [
      'an entry changed together with its hash',
      `UPDATE audit_chain SET entry_hash = sha256('x') WHERE tenant_id = $1 AND position = 5`,
      'changed',
      5,
    ],
  ] as const)(
    'finds %s, in the database and in an export of it',
    async (_what, sql, problem, position) => {
      const { tenantId } = await chainedTenant();
      for (const statement of [sql].flat()) await tamper(statement, [tenantId]);
      const found = expect.objectContaining({
        problem,
        position: position ?? (problem === 'inserted' ? null : expect.any(Number)),
      }) as unknown;
      const stored = await verify('--tenant', tenantId);
      expect([stored.code, stored.report.findings]).toEqual([1, expect.arrayContaining([found])]);
      const { path } = await writeExport(tenantId);
      const file = await verify('--file', path);
      expect([file.code, file.report.findings]).toEqual([1, expect.arrayContaining([found])]);
    },
  );

  it('finds with a checkpoint that the last entries and their links were removed', async () => {
    const { tenantId, head } = await chainedTenant();
    await tamper(
      `WITH gone AS (DELETE FROM audit_chain WHERE tenant_id = $1 AND position > 8 RETURNING entry_id)
       DELETE FROM security_events WHERE tenant_id = $1 AND id IN (SELECT entry_id FROM gone)`,
      [tenantId],
    );
    expect((await verify('--tenant', tenantId)).code).toBe(0);
    const { code, report } = await verify('--tenant', tenantId, '--expect-head', head);
    expect([code, report.findings]).toEqual([
      1,
      [expect.objectContaining({ problem: 'truncated' })],
    ]);
  });

  it('finds with a checkpoint that the chain was recalculated', async () => {
    const { tenantId, head } = await chainedTenant();
    await tamper(`DELETE FROM audit_chain WHERE tenant_id = $1`, [tenantId]);
    await tamper(
      `INSERT INTO audit_unsealed (tenant_id, entry_id, entry_table)
       SELECT tenant_id, id, 'security_events' FROM security_events WHERE tenant_id = $1
       UNION ALL SELECT tenant_id, id, 'audit_log' FROM audit_log WHERE tenant_id = $1`,
      [tenantId],
    );
    await chainAll(tenantId);
    expect((await verify('--tenant', tenantId)).code).toBe(0);
    expect((await verify('--tenant', tenantId, '--expect-head', head)).code).toBe(1);
  });

  it.each([
    [
      'a changed line',
      (lines: string[]) => lines.with(4, (lines[4] ?? '').replace('anonymous', 'user')),
    ],
    ['a removed line', (lines: string[]) => lines.toSpliced(4, 1)],
    ['swapped lines', (lines: string[]) => lines.with(4, lines[5] ?? '').with(5, lines[4] ?? '')],
    ['a line twice', (lines: string[]) => lines.toSpliced(4, 0, lines[4] ?? '')],
    ['no header', (lines: string[]) => lines.slice(1)],
    ['no trailer', (lines: string[]) => lines.slice(0, -1)],
    ['a cut line', (lines: string[]) => [...lines.slice(0, 4), (lines[4] ?? '').slice(0, 50)]],
    ['no entries at all', (lines: string[]) => [lines[0] ?? '', lines.at(-1) ?? '']],
    [
      'the first entries gone, header adapted',
      (lines: string[]) => [
        (lines[0] ?? '').replace('"firstPosition":1', '"firstPosition":4'),
        ...lines.slice(4),
      ],
    ],
  ] as const)('finds %s in a file', async (_what, change) => {
    const { tenantId } = await chainedTenant();
    const { path, lines } = await writeExport(tenantId);
    const intact = await verify('--file', path);
    expect([intact.code, intact.report.chained]).toEqual([0, 11]);
    await writeFile(path, `${change(lines).join('\n')}\n`);
    expect((await verify('--file', path)).code).toBe(1);
  });

  it('exits with 2 for invalid options and an unreachable database', async () => {
    const calls = [
      ['--file', '/nowhere/at/all'],
      ['--tenant', randomUUID(), '--file', 'x'],
      ['--expect-head', '1:ab'],
    ];
    for (const call of calls) expect((await cli('audit', 'verify', ...call)).code).toBe(2);
    const unreachable = cliOn({
      platformUrl: 'postgres://nobody@127.0.0.1:1/none',
      migrationUrl: 'postgres://nobody@127.0.0.1:1/none',
    });
    expect((await unreachable('audit', 'verify')).code).toBe(2);
  });
});
