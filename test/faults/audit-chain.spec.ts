import { Logger } from '@nestjs/common';
import { seedTenant } from '@poc-tracker/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  chainAll,
  chainedTenant,
  count,
  db,
  openPlatform,
  PENDING,
  platform,
  RECORD,
  tamper,
  useAuditChain,
  verify,
  write,
  writeExport,
  writer,
  WRITER_NAME,
  writerOn,
} from './audit-chain.fixture.js';

useAuditChain();

const CHAINED = 'SELECT count(*) FROM audit_chain WHERE tenant_id = $1';

const WRITTEN = `
  SELECT (SELECT count(*) FROM security_events WHERE tenant_id = $1)
       + (SELECT count(*) FROM audit_log WHERE tenant_id = $1) AS count`;

describe('The log of checkpoints', () => {
  it.each([
    ['46 hours ago', true],
    ['49 hours ago', false],
  ])('contains a chain that last grew %s: %s', async (age, noted) => {
    const { tenantId, head } = await chainedTenant();
    await tamper(`UPDATE audit_chain SET chained_at = now() - $2::interval WHERE tenant_id = $1`, [
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

describe('The hash chain of a tenant', () => {
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
          'SELECT entry_id AS id FROM audit_pending WHERE tenant_id = $1 AND entry_table = $2',
          [tenantId, 'security_events'],
        );
        const link = { position: 1, entry_table: 'security_events', entry_id: queued?.id };
        const zeros = '0'.repeat(64);
        const entry = { ...link, entry_hash: zeros, previous_hash: zeros, hash: zeros };
        await transaction.query('SELECT append_audit_chain($1, 0, $2)', [
          tenantId,
          JSON.stringify([{ ...entry, chained_at: new Date() }]),
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
              AND query ~ 'append_audit_chain'`,
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
    await tamper('DELETE FROM audit_pending WHERE tenant_id = $1', [tenantId]);
    await tamper('DELETE FROM security_events WHERE tenant_id = $1', [tenantId]);
  });

  it('is written by the chain writer only and refuses changes of its links', async () => {
    const { tenantId } = await chainedTenant();
    const admin = { tenantId, role: 'admin' };
    for (const [sql, code] of [
      ['DELETE FROM audit_chain', '42501'],
      ["UPDATE security_events SET result = 'success'", '42501'],
      ['DELETE FROM audit_pending', '42501'],
      [`SELECT append_audit_chain('${tenantId}', 0, '[]')`, '42501'],
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
