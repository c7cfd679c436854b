import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { UserRecord } from '../tracker.fixture.js';
import { send, storedOf } from './files.fixture.js';
import { eventually, tracker, useTracker } from '../running-tracker.fixture.js';

useTracker();

const GB = 1024 ** 3;

describe('The storage limit of a tenant', () => {
  const MB = 1024 * 1024;

  async function nearlyFull(free: number): Promise<{ ana: UserRecord; poc: string }> {
    const tenant = await tracker.tenant({ maxStorageGb: 1 });
    const ana = await tracker.user({ tenant });
    const poc = await tracker.poc(ana);
    await tracker.sql(
      `INSERT INTO poc_files (tenant_id, poc_id, file_name, file_size) VALUES ($1, $2, 'ballast', $3)`,
      [tenant.tenantId, poc, GB - free],
    );
    return { ana, poc };
  }

  it('accepts exactly 3 of 50 parallel uploads if 3 fit, and reports limit and usage to the others', async () => {
    const { ana, poc } = await nearlyFull(3 * MB + 1_000);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => tracker.upload(ana, poc, Buffer.alloc(MB))),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBe(3);
    for (const { status, error } of refused) {
      expect([status, error.code]).toEqual([403, 'STORAGE_LIMIT_EXCEEDED']);
      expect(error.details).toMatchObject({
        limits: { maxStorageGb: 1 },
        usage: { pocs: 1, storageGb: expect.closeTo(1, 2) as number },
      });
    }
    expect(storedOf(ana)).toHaveLength(3);
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: GB - 1_000 });
  });

  it('counts exactly what is stored when half of the uploads are aborted', async () => {
    const { ana, poc } = await nearlyFull(8 * MB);
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        if (index % 2 === 0) return void (await tracker.upload(ana, poc, Buffer.alloc(MB)));
        const { socket } = await send(
          [
            `POST /api/v1/pocs/${poc}/files?name=x HTTP/1.1`,
            'host: localhost',
            `authorization: Bearer ${ana.token}`,
            `content-length: ${MB}`,
          ],
          Buffer.alloc(MB / 2),
        );
        await delay(index * 5);
        socket.destroy();
      }),
    );
    const kept = () => storedOf(ana).filter((path) => !path.includes('incoming')).length;
    await eventually(
      async () => (await tracker.usage(ana.tenantId)).bytes,
      GB - 8 * MB + kept() * MB,
    );
    expect(kept()).toBeLessThanOrEqual(8);
    expect(storedOf(ana)).toHaveLength(kept());
    // All released bytes can be used again, to the last one.
    for (let free = 8 - kept(); free > 0; free -= 1)
      expect((await tracker.upload(ana, poc, Buffer.alloc(MB))).status).toBe(201);
    expect((await tracker.upload(ana, poc, Buffer.alloc(1))).status).toBe(403);
  });

  it('accepts a file up to the last byte and not one byte more', async () => {
    const { ana, poc } = await nearlyFull(5_000);
    expect((await tracker.upload(ana, poc, Buffer.alloc(5_001))).status).toBe(403);
    expect((await tracker.upload(ana, poc, Buffer.alloc(5_000))).status).toBe(201);
    expect((await tracker.upload(ana, poc, Buffer.alloc(1))).status).toBe(403);
  });

  it('counts a file as at least 4 KiB, so that empty files reach it as well', async () => {
    const { ana, poc } = await nearlyFull(3 * 4_096);
    const answers = await Promise.all(
      [0, 1, 0, 0, 1].map((size) => tracker.upload(ana, poc, Buffer.alloc(size))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 403, 403]);
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: GB });
    for (const { status, data } of answers)
      if (status === 201)
        await tracker.call('DELETE', `/pocs/${poc}/files/${data.id}`, { token: ana.token });
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: GB - 3 * 4_096 });
  });
});
