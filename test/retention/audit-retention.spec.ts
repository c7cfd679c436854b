import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuditLogPruned } from '../../apps/auth-service/src/audit/chain/audit-log-page.repository.js';
import { verifyChain } from '../../apps/auth-service/src/audit/chain/chain-verification.js';
import { storedAuditLog } from '../../apps/auth-service/src/audit/chain/stored-audit-log.js';
import {
  BATCH,
  RetentionRepository,
} from '../../apps/auth-service/src/retention/retention.repository.js';
import { refusal } from '../migrations/service-database.js';
import {
  ageAnnouncements,
  bypassingTriggers,
  chainedEvents,
  cli,
  daysAgo,
  DAYS,
  db,
  eventsOf,
  extendChains,
  halfADayPasses,
  jobsOn,
  logOf,
  newTenant,
  platform,
  rows,
  tenantWithOldLog,
  useRetention,
  verify,
} from './retention.fixture.js';

useRetention();

afterEach(() => vi.restoreAllMocks());

/** Two daily runs: the first one announces what the second one deletes. */
async function twoRuns(): Promise<void> {
  await jobsOn().prune();
  await halfADayPasses();
  await jobsOn().prune();
}

/** Writes the log of a tenant to a file, after a change of its lines. */
async function exported(
  tenantId: string,
  change: (lines: string[]) => string[] = (lines) => lines,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-retention-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const lines: string[] = [];
  for await (const line of storedAuditLog(platform, tenantId)) lines.push(JSON.stringify(line));
  const path = join(folder, 'export.ndjson');
  await writeFile(path, `${change(lines).join('\n')}\n`);
  return path;
}

describe('The retention of the audit log', () => {
  it('announces in the log what it deletes half a day later, and leaves a log that can be verified', async () => {
    const [{ tenantId }, other] = [await tenantWithOldLog(5, 400), await newTenant()];
    await chainedEvents(tenantId, 3, 100);
    await jobsOn().prune();
    expect(await logOf(tenantId)).toEqual({ first: 1, last: 8, entries: 9 });
    const [announcement, ...more] = await eventsOf(tenantId, 'audit.pruning_announced');
    expect(more).toEqual([]);
    expect(announcement).toEqual({
      rows: 5,
      from: expect.any(String),
      to: expect.any(String),
      anchor: expect.stringMatching(/^5:[0-9a-f]{64}$/),
    });
    await halfADayPasses();
    await jobsOn().prune();
    expect(await logOf(tenantId)).toEqual({ first: 6, last: 9, entries: 4 });
    expect(await verify('--tenant', tenantId)).toMatchObject({
      intact: true,
      chained: 4,
      firstPosition: 6,
      findings: [],
    });
    expect(await verify('--file', await exported(tenantId))).toMatchObject({ intact: true });
    expect(await eventsOf(other.tenantId, 'audit.pruning_announced')).toEqual([]);
    const text = await cli('audit', 'verify', '--tenant', tenantId);
    expect([text.code, text.out]).toEqual([0, expect.stringContaining('positions 6 to 9')]);
  });

  it('deletes nothing before the announcement is in the hash chain', async () => {
    const { tenantId } = await tenantWithOldLog(5, 400);
    await jobsOn().prune();
    await ageAnnouncements(12 * 60);
    await jobsOn().prune();
    expect(await rows.prune('audit', tenantId, await daysAgo(DAYS.auditDays))).toEqual({
      deleted: 0,
      state: 'pending',
    });
    expect(await logOf(tenantId)).toMatchObject({ first: 1, entries: 6 });
    expect(await eventsOf(tenantId, 'audit.pruning_announced')).toHaveLength(1);
  });

  it('deletes nothing before the announcement is twelve hours old, however often the job starts', async () => {
    const { tenantId } = await tenantWithOldLog(5, 400);
    await jobsOn().prune();
    await ageAnnouncements(12 * 60 - 1);
    await extendChains();
    await jobsOn().prune();
    const batch = async () => rows.prune('audit', tenantId, await daysAgo(DAYS.auditDays));
    expect(await batch()).toEqual({ deleted: 0, state: 'pending' });
    expect(await logOf(tenantId)).toMatchObject({ first: 1, entries: 6 });
    await bypassingTriggers(
      `UPDATE security_events SET occurred_at = occurred_at - interval '1 minute'
        WHERE tenant_id = $1 AND type = 'audit.pruning_announced'`,
      [tenantId],
    );
    expect(await batch()).toEqual({ deleted: 5, state: 'done' });
  });

  it('continues in the next run after an interruption between two batches, with one announcement', async () => {
    const { tenantId } = await tenantWithOldLog(2 * BATCH + 10, 400);
    await jobsOn().prune();
    await halfADayPasses();
    const repository = new RetentionRepository(platform);
    const stopped = jobsOn(repository);
    vi.spyOn(repository, 'prune').mockImplementation((...batch) => {
      if (batch[1] === tenantId) stopped.onModuleDestroy();
      return rows.prune(...batch);
    });
    expect(await stopped.prune()).toMatchObject({ interrupted: true });
    expect(await verify('--tenant', tenantId)).toMatchObject({
      intact: true,
      firstPosition: BATCH + 1,
    });
    await jobsOn().prune();
    expect(await verify('--tenant', tenantId)).toMatchObject({ intact: true, chained: 1 });
    expect(await eventsOf(tenantId, 'audit.pruning_announced')).toHaveLength(1);
  });

  it('continues the chain after all of its old entries were deleted, run after run', async () => {
    const { tenantId } = await tenantWithOldLog(3, 800);
    await twoRuns();
    await chainedEvents(tenantId, 2, 0);
    expect(await verify('--tenant', tenantId)).toMatchObject({
      intact: true,
      chained: 3,
      head: { position: 6 },
    });
  });

  it('lets a checkpoint confirm what is left, and says that an older one was deleted', async () => {
    const { tenantId } = await tenantWithOldLog(5, 400);
    await chainedEvents(tenantId, 3, 100);
    const links = await db.admin.query<{ head: string }>(
      `SELECT position || ':' || encode(hash, 'hex') AS head FROM audit_chain WHERE tenant_id = $1 ORDER BY position`,
      [tenantId],
    );
    const heads = links.rows.map(({ head }) => head);
    await twoRuns();
    const at = (position: number) => [
      '--tenant',
      tenantId,
      '--expect-head',
      heads[position - 1] ?? '',
    ];
    expect(await verify(...at(8))).toMatchObject({ intact: true });
    expect(await verify(...at(5))).toMatchObject({ intact: true });
    expect(await verify(...at(4))).toMatchObject({
      intact: false,
      findings: [{ problem: 'truncated', message: expect.stringContaining('after its retention') }],
    });
  });

  it('keeps an entry that is younger than the hostile time of its link', async () => {
    const { tenantId } = await tenantWithOldLog(2, 400);
    await chainedEvents(tenantId, 3, 1, 390);
    vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    await twoRuns();
    expect(await logOf(tenantId)).toMatchObject({ first: 3, last: 6 });
    expect(await verify('--tenant', tenantId)).toMatchObject({ intact: true, firstPosition: 3 });
  });

  it.each([
    [
      'an entry',
      `DELETE FROM security_events s USING audit_chain c
        WHERE s.tenant_id = $1 AND c.tenant_id = $1 AND c.position = 2 AND s.id = c.entry_id`,
      2,
    ],
    ['a link', 'DELETE FROM audit_chain WHERE tenant_id = $1 AND position = 2', 3],
  ])(
    'stops at %s that was removed by hand, and removes no evidence',
    async (_what, removal, first) => {
      const { tenantId } = await tenantWithOldLog(5, 400);
      await bypassingTriggers(removal, [tenantId]);
      const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
      await twoRuns();
      await jobsOn().prune();
      expect(await verify('--tenant', tenantId)).toMatchObject({
        intact: false,
        findings: expect.arrayContaining([
          expect.objectContaining({ position: 2, problem: 'removed' }),
        ]),
      });
      expect(await logOf(tenantId)).toMatchObject({ first });
      expect(warn).toHaveBeenCalledWith(expect.stringContaining(tenantId));
    },
  );

  it.each([
    ['entry', 'DELETE FROM security_events WHERE tenant_id = $1 AND id = $2'],
    ['link', 'DELETE FROM audit_chain WHERE tenant_id = $1 AND entry_id = $2'],
  ])('stops if the %s of the announcement was removed by hand', async (_what, removal) => {
    const { tenantId } = await tenantWithOldLog(5, 400);
    await jobsOn().prune();
    await halfADayPasses();
    const { rows: anchors } = await db.admin.query<{ id: string }>(
      'SELECT announced_in AS id FROM audit_anchors WHERE tenant_id = $1',
      [tenantId],
    );
    await bypassingTriggers(removal, [tenantId, anchors[0]?.id]);
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    await jobsOn().prune();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining(tenantId));
    expect(await verify('--tenant', tenantId)).toMatchObject({ intact: false });
    expect(await logOf(tenantId)).toMatchObject({ first: 1 });
  });

  it('makes no reader and no writer wait', async () => {
    const { tenantId, userId } = await tenantWithOldLog(5, 400);
    await jobsOn().prune();
    await halfADayPasses();
    const before = await daysAgo(DAYS.auditDays);
    await platform.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      const sql = 'SELECT deleted FROM prune_audit_log($1, $2, 100)';
      expect(await transaction.query(sql, [tenantId, before])).toEqual([{ deleted: 5 }]);
      // The batch is not committed: it holds its locks.
      await db.within({ tenantId, userId, role: 'admin' }, async (client) => {
        await client.query(`SET LOCAL lock_timeout = '100ms'`);
        expect((await client.query('SELECT FROM audit_chain')).rowCount).toBe(6);
        await client.query(`UPDATE users SET first_name = 'Eva' WHERE id = $1`, [userId]);
      });
      await halfADayPasses();
    });
    expect(await verify('--tenant', tenantId)).toMatchObject({ intact: true, firstPosition: 6 });
  });

  it('tells a reader that it overtakes to start again', async () => {
    const { tenantId } = await tenantWithOldLog(2 * BATCH, 400);
    await jobsOn().prune();
    await halfADayPasses();
    const lines = storedAuditLog(platform, tenantId);
    await lines.next();
    await lines.next();
    await jobsOn().prune();
    await expect(verifyChain(lines)).rejects.toThrow(AuditLogPruned);
    expect(await verify('--tenant', tenantId)).toMatchObject({ intact: true, chained: 1 });
  });
});

describe('The beginning of a pruned audit log', () => {
  it('is moved by no login, and no entry is deleted but by the retention job', async () => {
    const { tenantId, userId } = await tenantWithOldLog(5, 400);
    await twoRuns();
    const all = { tenantId, userId, role: 'admin' };
    const forged = [
      'UPDATE audit_anchors SET position = 6',
      'UPDATE audit_anchors SET announced_position = 6',
      'DELETE FROM audit_anchors',
      `INSERT INTO audit_anchors (tenant_id) VALUES ('${tenantId}')`,
      'DELETE FROM audit_chain WHERE position < 7',
      'DELETE FROM security_events',
    ];
    for (const sql of forged) {
      await expect(db.statement(all, sql), sql).rejects.toEqual(refusal('42501'));
      await expect(db.operators.query(sql), sql).rejects.toEqual(refusal('42501'));
    }
    for (const sql of [
      `SELECT announce_audit_pruning('${tenantId}', now() - interval '1 year')`,
      `SELECT prune_audit_log('${tenantId}', now() - interval '1 year', 10)`,
      `SELECT prune_sessions('${tenantId}', now() - interval '1 year', 10)`,
      `SELECT prune_usage_events('${tenantId}', now() - interval '1 year', 10)`,
      `SELECT record_pruning('${tenantId}', 'sessions', 1, now(), now())`,
    ])
      await expect(db.statement(all, sql), sql).rejects.toEqual(refusal('42501'));
    // Not even by a superuser, unless they bypass the triggers.
    for (const table of ['audit_chain', 'security_events'])
      await expect(
        db.admin.query(`DELETE FROM ${table} WHERE tenant_id = $1`, [tenantId]),
      ).rejects.toEqual(refusal('42501', 'audit_log_append_only'));
  });

  const REMOVE = `
    WITH gone AS (DELETE FROM audit_chain WHERE tenant_id = $1 AND position <= 7 RETURNING entry_id)
    DELETE FROM security_events WHERE tenant_id = $1 AND id IN (SELECT entry_id FROM gone)`;

  it.each([
    ['entries behind it were removed by hand', [REMOVE]],
    [
      'it was moved by hand together with them',
      [
        `UPDATE audit_anchors a SET position = c.position, hash = c.hash, announced_position = c.position
           FROM audit_chain c WHERE a.tenant_id = $1 AND c.tenant_id = $1 AND c.position = 7`,
        REMOVE,
      ],
    ],
    [
      'its hash was changed',
      [`UPDATE audit_anchors SET hash = sha256('forged') WHERE tenant_id = $1`],
    ],
    ['it was removed', ['DELETE FROM audit_anchors WHERE tenant_id = $1']],
  ])('is reported when %s', async (_what, tampering) => {
    const { tenantId } = await tenantWithOldLog(5, 400);
    await chainedEvents(tenantId, 3, 100);
    await twoRuns();
    expect(await verify('--tenant', tenantId)).toMatchObject({ intact: true, firstPosition: 6 });
    for (const sql of tampering) await bypassingTriggers(sql, [tenantId]);
    expect(await verify('--tenant', tenantId)).toMatchObject({ intact: false });
    expect(await verify('--file', await exported(tenantId))).toMatchObject({ intact: false });
  });

  it.each([
    ['no line for the deleted entries', (lines: string[]) => lines.toSpliced(1, 1)],
    ['fewer entries than the log', (lines: string[]) => lines.toSpliced(2, 1)],
    [
      'a line for deleted entries that no entry announces',
      (lines: string[]) => {
        const { position, hash } = JSON.parse(lines[3] ?? '') as Record<string, unknown>;
        const pruned = JSON.stringify({ kind: 'pruned', position, hash });
        return [lines[0] ?? '', pruned, ...lines.slice(4)].map((line) =>
          line.replace('"chained":4', '"chained":2'),
        );
      },
    ],
    [
      'a line for deleted entries in its middle',
      (lines: string[]) => {
        const { position, hash } = JSON.parse(lines[3] ?? '') as Record<string, unknown>;
        return lines
          .toSpliced(3, 1, JSON.stringify({ kind: 'pruned', position, hash }))
          .map((line) => line.replace('"chained":4', '"chained":3'));
      },
    ],
  ])('is reported in a file that has %s', async (_what, change) => {
    const { tenantId } = await tenantWithOldLog(5, 400);
    await chainedEvents(tenantId, 3, 100);
    await twoRuns();
    expect(await verify('--file', await exported(tenantId))).toMatchObject({ intact: true });
    expect(await verify('--file', await exported(tenantId, change))).toMatchObject({
      intact: false,
    });
  });

  it('is deleted with its tenant', async () => {
    const { tenantId } = await tenantWithOldLog(5, 400);
    await twoRuns();
    const { rows: tenants } = await db.admin.query<{ subdomain: string }>(
      `UPDATE tenants SET status = 'canceled' WHERE id = $1 RETURNING subdomain`,
      [tenantId],
    );
    const name = tenants[0]?.subdomain ?? '';
    const purge = await cli('tenants', 'purge', name, '--reason', 'Test.', '--confirm', name);
    expect(purge.code, purge.err).toBe(0);
    const left = await db.admin.query('SELECT FROM audit_anchors WHERE tenant_id = $1', [tenantId]);
    expect(left.rowCount).toBe(0);
  });
});
