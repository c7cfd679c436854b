import { randomUUID } from 'node:crypto';
import { mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileSweep } from '../../../../apps/poc-tracker/src/files/file.sweep.js';
import type { UserRecord } from '../tracker.fixture.js';
import { storedOf } from './files.fixture.js';
import { eventually, tracker, useTracker } from '../running-tracker.fixture.js';

useTracker();

const HOUR_MS = 3_600_000;

/** What a small file counts. */
const BLOCK = 4_096;

describe('The file sweep after a crash', () => {
  function old(path: string, hours: number): void {
    const at = new Date(Date.now() - hours * HOUR_MS);
    utimesSync(join(tracker.folder, path), at, at);
  }

  function leave(path: string, hours: number): string {
    mkdirSync(join(tracker.folder, path, '..'), { recursive: true });
    writeFileSync(join(tracker.folder, path), 'left');
    old(path, hours);
    return path;
  }

  async function reserve({ tenantId, userId }: UserRecord, poc: string): Promise<string> {
    const id = randomUUID();
    await tracker.sql(
      `INSERT INTO poc_files (tenant_id, id, poc_id, file_name, file_size, created_by) VALUES ($1, $2, $3, 'x', 100, $4)`,
      [tenantId, id, poc, userId],
    );
    return id;
  }

  const sweep = (now?: number) => tracker.app.get(FileSweep, { strict: false }).sweep(now);

  it('releases interrupted uploads, and a day later those whose content is in place', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const kept = await tracker.upload(ana, poc, Buffer.from('kept'));
    old(join(ana.tenantId, kept.data.id), 48);
    const { tenantId } = ana;
    const waiting = await reserve(ana, poc);
    leave(join('incoming', `${tenantId}.${waiting}`), 1);
    const renamed = await reserve(ana, poc);
    leave(join(tenantId, renamed), 1);
    const orphan = leave(join(tenantId, randomUUID()), 1);
    leave(join('incoming', `${tenantId}.${randomUUID()}`), 1);
    const running = await reserve(ana, poc);
    leave(join('incoming', `${tenantId}.${running}`), 0);
    const foreign = leave(join(tenantId, 'notes.txt'), 25);

    await sweep();
    const rest = [
      join('incoming', `${tenantId}.${running}`),
      join(tenantId, kept.data.id),
      foreign,
    ];
    expect(storedOf(ana)).toEqual([...rest, join(tenantId, renamed), orphan].sort());
    expect(await tracker.usage(tenantId)).toMatchObject({ bytes: 3 * BLOCK });
    await sweep(Date.now() + 25 * HOUR_MS);
    expect(storedOf(ana)).toEqual([join(tenantId, kept.data.id), foreign].sort());
    expect(await tracker.usage(tenantId)).toMatchObject({ bytes: BLOCK });
  });

  it('keeps content for a day after its row was first missing and serves it when the row is back', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.from('years old'));
    const path = join(ana.tenantId, data.id);
    old(path, 24 * 1_000);
    const [row] = await tracker.sql<{ row: unknown }>(
      'DELETE FROM poc_files f WHERE id = $1 RETURNING to_jsonb(f) AS row',
      [data.id],
    );
    await sweep();
    await sweep(Date.now() + 23 * HOUR_MS);
    expect(storedOf(ana)).toEqual([path]);
    await tracker.sql(
      `INSERT INTO poc_files (tenant_id, id, poc_id, file_name, file_size, created_by, content_sha256, uploaded_at)
       SELECT tenant_id, id, poc_id, file_name, file_size, created_by, content_sha256, uploaded_at
         FROM jsonb_populate_record(NULL::poc_files, $1)`,
      [row?.row],
    );
    const at = `/pocs/${poc}/files/${data.id}/content`;
    expect((await tracker.call('GET', at, { token: ana.token })).bytes.toString()).toBe(
      'years old',
    );
    await sweep(Date.now() + 25 * HOUR_MS);
    await tracker.sql('DELETE FROM poc_files WHERE id = $1', [data.id]);
    await sweep(Date.now() + 26 * HOUR_MS);
    expect(storedOf(ana)).toEqual([path]);
  });

  it('keeps all uploads for a day after their times of upload were lost, and for good when these are back', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.from('acknowledged'));
    const path = join(ana.tenantId, data.id);
    old(path, 1_000);
    const [hash] = await tracker.sql<{ sha256: Buffer }>(
      'SELECT content_sha256 AS sha256 FROM poc_files WHERE id = $1',
      [data.id],
    );
    await tracker.sql(
      `UPDATE poc_files SET uploaded_at = NULL, content_sha256 = NULL, created_at = now() - interval '40 days'
        WHERE id = $1`,
      [data.id],
    );
    await sweep();
    await sweep(Date.now() + 23 * HOUR_MS);
    expect(storedOf(ana)).toEqual([path]);
    await tracker.sql(
      'UPDATE poc_files SET uploaded_at = now(), content_sha256 = $2 WHERE id = $1',
      [data.id, hash?.sha256],
    );
    await sweep(Date.now() + 48 * HOUR_MS);
    expect(storedOf(ana)).toEqual([path]);
    const [row] = await tracker.sql('SELECT abandoned_at FROM poc_files WHERE id = $1', [data.id]);
    expect(row).toEqual({ abandoned_at: null });
    const at = `/pocs/${poc}/files/${data.id}/content`;
    expect((await tracker.call('GET', at, { token: ana.token })).status).toBe(200);
  });

  it('releases a reservation whose draft is lost, a day after no upload can be that old', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const kept = await tracker.upload(ana, poc, Buffer.from('kept'));
    const [lost, running] = [await reserve(ana, poc), await reserve(ana, poc)];
    const age = `UPDATE poc_files SET created_at = now() - $2::interval WHERE id = $1`;
    await tracker.sql(age, [kept.data.id, '30 hours']);
    await tracker.sql(age, [lost, '26 hours']);
    await tracker.sql(age, [running, '24 hours']);
    await sweep();
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 3 * BLOCK });
    await tracker.sql(
      `UPDATE poc_files SET abandoned_at = abandoned_at - interval '25 hours' WHERE poc_id = $1`,
      [poc],
    );
    await sweep();
    const left = await tracker.sql('SELECT id FROM poc_files WHERE poc_id = $1', [poc]);
    expect(left).toEqual(expect.arrayContaining([{ id: kept.data.id }, { id: running }]));
    expect(left).toHaveLength(2);
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 2 * BLOCK });
  });

  it('continues with the other files when one cannot be removed', async () => {
    const [ana, bia] = [await tracker.user(), await tracker.user()];
    for (const user of [ana, bia]) {
      const id = await reserve(user, await tracker.poc(user));
      leave(join('incoming', `${user.tenantId}.${id}`), 1);
      // A folder in place of a file, which rm() without `recursive` refuses.
      if (user === ana) mkdirSync(join(tracker.folder, ana.tenantId, id), { recursive: true });
    }
    await sweep();
    expect([...storedOf(ana), ...storedOf(bia)]).toEqual([]);
    expect(await tracker.usage(bia.tenantId)).toMatchObject({ bytes: 0 });
  });

  it('deletes the files of a purged tenant at once and no others', async () => {
    const [ana, bia] = [await tracker.user(), await tracker.user()];
    for (const user of [ana, bia])
      await tracker.upload(user, await tracker.poc(user), Buffer.from('x'));
    leave(join('incoming', `${ana.tenantId}.${randomUUID()}`), 0);
    const purge = { tenant: ana.tenantId };
    await tracker.sql(`UPDATE tenants SET status = 'canceled' WHERE id = $1`, [purge.tenant]);
    await tracker.sql(`SELECT begin_purge($1, NULL, 'test')`, [purge.tenant]);
    await sweep();
    expect(storedOf(ana)).toHaveLength(2);
    await tracker.sql('DELETE FROM tenants WHERE id = $1', [purge.tenant]);
    await tracker.sql('SELECT finish_purge($1)', [purge.tenant]);
    await sweep();
    expect(storedOf(ana)).toEqual([]);
    expect(storedOf(bia)).toHaveLength(1);
    const open = await tracker.sql('SELECT * FROM purged_tenants_with_files()');
    expect(open).not.toContainEqual(purge);
  });

  it('also runs at the start of the next process', async () => {
    const ana = await tracker.user();
    const id = await reserve(ana, await tracker.poc(ana));
    leave(join('incoming', `${ana.tenantId}.${id}`), 1);
    const another = await tracker.another();
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 0);
    await eventually(async () => storedOf(ana), []);
    await another.leave();
  });

  it('leaves a file of the wrong size, whose download answers 500', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.from('whole'));
    truncateSync(join(tracker.folder, ana.tenantId, data.id), 2);
    const { status } = await tracker.call('GET', `/pocs/${poc}/files/${data.id}/content`, {
      token: ana.token,
    });
    expect(status).toBe(500);
  });
});
