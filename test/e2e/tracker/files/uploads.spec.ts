import { open } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { Draft } from '../../../../apps/poc-tracker/src/storage/draft.js';
import { FileStorage } from '../../../../apps/poc-tracker/src/storage/file-storage.js';
import type { UserRecord } from '../tracker.fixture.js';
import { send, storedOf } from './files.fixture.js';
import { eventually, tracker, useTracker } from '../running-tracker.fixture.js';

useTracker();

describe('An upload', () => {
  async function scene() {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const head = [
      `POST /api/v1/pocs/${poc}/files?name=x HTTP/1.1`,
      'host: localhost',
      `authorization: Bearer ${ana.token}`,
      'content-type: application/octet-stream',
    ];
    return { ana, poc, head };
  }

  it('that is aborted releases its bytes and leaves no file', async () => {
    const { ana, head } = await scene();
    const { socket } = await send([...head, 'content-length: 5000000'], Buffer.alloc(100_000));
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 5_000_000);
    expect(storedOf(ana)).toEqual([expect.stringContaining('incoming')]);
    socket.destroy();
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 0);
    await eventually(async () => storedOf(ana), []);
  });

  it('is invisible until it is complete and holds no transaction open meanwhile', async () => {
    const { ana, poc, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 4_096);
    const listed = await tracker.call('GET', `/pocs/${poc}/files`, { token: ana.token });
    expect(listed.data).toMatchObject({ items: [] });
    const open = await tracker.sql(
      `SELECT FROM pg_stat_activity WHERE application_name = 'poc-tracker' AND xact_start IS NOT NULL`,
    );
    expect(open).toEqual([]);
    socket.write('whole');
    await eventually(async () => answer().startsWith('HTTP/1.1 201'), true);
    socket.end();
    await closed;
  });

  it('without a content-length is refused, because the limit is checked first', async () => {
    const { ana, head } = await scene();
    const { answer, closed } = await send([...head, 'transfer-encoding: chunked'], '1\r\nx\r\n');
    await closed;
    expect(answer()).toContain('400 Bad Request');
    expect(answer()).toContain('content-length');
    expect(storedOf(ana)).toEqual([]);
  });

  it('that is too large is refused before any of it is read, and its connection is closed', async () => {
    const { ana, head } = await scene();
    const { answer, closed } = await send([...head, `content-length: ${9 * 1024 * 1024}`], 'x');
    await closed;
    expect(answer()).toContain('413 Payload Too Large');
    expect(answer()).toContain('PAYLOAD_TOO_LARGE');
    expect(answer().toLowerCase()).toContain('connection: close');
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 0 });
  });

  it.each(['-1', '1e3', '0x10', '9'.repeat(30), '5, 5'])(
    'with the content-length %s is refused',
    async (length) => {
      const { ana, head } = await scene();
      const { answer, closed } = await send([...head, `content-length: ${length}`], 'xxxxx');
      await closed;
      expect(answer()).toMatch(/^HTTP\/1\.1 (400|413)/);
      expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 0 });
    },
  );

  it('without a token or by another user is refused before any of it is read', async () => {
    const { ana, poc, head } = await scene();
    const anonymous = head.filter((line) => !line.startsWith('authorization'));
    const unauthenticated = await send([...anonymous, 'content-length: 5000000'], 'x');
    await unauthenticated.closed;
    expect(unauthenticated.answer()).toContain('TOKEN_REQUIRED');
    const bia = await tracker.user({ tenant: ana });
    const refused = await tracker.upload(bia, poc, Buffer.from('x'));
    expect([refused.status, refused.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    expect(storedOf(ana)).toEqual([]);
  });

  it.each(['nonsense', 'text/html<script>', `x/${'y'.repeat(300)}`])(
    'of the type %s is refused',
    async (type) => {
      const { ana, poc } = await scene();
      const { status, error } = await tracker.upload(ana, poc, Buffer.from('x'), { type });
      expect([status, error.code]).toEqual([400, 'VALIDATION_ERROR']);
    },
  );

  it('of an HTML page is always served as an attachment', async () => {
    const { ana, poc } = await scene();
    const { data } = await tracker.upload(ana, poc, Buffer.from('<script>'), { type: 'text/html' });
    const { headers } = await tracker.call('GET', `/pocs/${poc}/files/${data.id}/content`, {
      token: ana.token,
    });
    expect(headers['content-disposition']).toMatch(/^attachment/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('does not let other routes accept bodies that are not parsed', async () => {
    const { ana } = await scene();
    for (const type of ['application/octet-stream', 'application/x-poc-tracker-unread']) {
      const { status, error } = await tracker.call('POST', '/pocs', {
        token: ana.token,
        bytes: Buffer.from('{"title": "x"}'),
        headers: { 'content-type': type },
      });
      expect([status, error.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
  });

  it('to a POC that is deleted meanwhile answers NOT_FOUND and leaves nothing', async () => {
    const { ana, poc, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 4_096);
    expect((await tracker.call('DELETE', `/pocs/${poc}`, { token: ana.token })).status).toBe(200);
    expect(await tracker.usage(ana.tenantId)).toEqual({ pocs: 0, bytes: 0 });
    socket.write('whole');
    await eventually(async () => answer().includes('NOT_FOUND'), true);
    socket.end();
    await closed;
    await eventually(async () => storedOf(ana), []);
  });

  it.each<[string, string, (ana: UserRecord, poc: string) => Promise<unknown>]>([
    [
      'whose tenant comes to the end of its subscription',
      'SUBSCRIPTION_ENDED',
      ({ tenantId }) =>
        tracker.sql('UPDATE tenants SET subscription_ends_at = now() WHERE id = $1', [tenantId]),
    ],
    [
      'who may make no POCs any more',
      'INSUFFICIENT_PERMISSIONS',
      ({ userId }) => tracker.sql(`UPDATE users SET role = 'viewer' WHERE id = $1`, [userId]),
    ],
    [
      'whose POC becomes that of somebody else',
      'INSUFFICIENT_PERMISSIONS',
      (_ana, poc) => tracker.sql('UPDATE pocs SET created_by = NULL WHERE id = $1', [poc]),
    ],
  ])('of a user %s meanwhile is discarded', async (_what, code, change) => {
    const { ana, poc, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 4_096);
    await change(ana, poc);
    const write = { token: ana.token, body: { title: 'Changed' } };
    await eventually(
      async () => (await tracker.call('PATCH', `/pocs/${poc}`, write)).error.code,
      code,
    );
    socket.write('whole');
    await eventually(async () => answer().includes(code), true);
    socket.end();
    await closed;
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 0);
    await eventually(async () => storedOf(ana), []);
  });

  it('to a full disk answers 503 and releases its bytes', async () => {
    const { ana, poc } = await scene();
    const full = await open('/dev/full', 'w');
    const storage = tracker.app.get(FileStorage, { strict: false });
    const begin = vi.spyOn(storage, 'begin').mockResolvedValueOnce(
      new Draft(full, async () => {
        throw new Error('Nothing was written.');
      }),
    );
    const { status, error } = await tracker.upload(ana, poc, Buffer.from('x'));
    begin.mockRestore();
    expect([status, error.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 0 });
    expect((await tracker.upload(ana, poc, Buffer.from('x'))).status).toBe(201);
  });

  it('of a user whose session ends meanwhile is discarded', async () => {
    const { ana, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 4_096);
    await tracker.revoke(ana);
    await eventually(
      async () => (await tracker.call('GET', '/pocs', { token: ana.token })).status,
      401,
    );
    socket.write('whole');
    await eventually(async () => answer().includes('TOKEN_REVOKED'), true);
    socket.end();
    await closed;
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 0);
    await eventually(async () => storedOf(ana), []);
  });
});
