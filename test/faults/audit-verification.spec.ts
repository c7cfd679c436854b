import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cliOn } from '../../tools/cli/cli.fixture.js';
import {
  chainAll,
  chainedTenant,
  cli,
  tamper,
  useAuditChain,
  verify,
  writeExport,
} from './audit-chain.fixture.js';

useAuditChain();

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
        `INSERT INTO audit_chain
         SELECT tenant_id, 6, entry_table, gen_random_uuid(), entry_hash, hash, sha256('x'), chained_at
           FROM audit_chain WHERE tenant_id = $1 AND position = 5`,
        'UPDATE audit_chain SET position = position - 999 WHERE tenant_id = $1 AND position > 1000',
      ],
      'changed',
      6,
    ],
    [
      'a changed time of a link',
      `UPDATE audit_chain SET chained_at = chained_at - interval '1 hour' WHERE tenant_id = $1 AND position = 5`,
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
      `INSERT INTO audit_pending (tenant_id, entry_id, entry_table)
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
      platformUrl: 'postgres://unused@127.0.0.1:1/none',
      migrationUrl: 'postgres://unused@127.0.0.1:1/none',
    });
    expect((await unreachable('audit', 'verify')).code).toBe(2);
  });
});
