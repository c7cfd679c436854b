import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { FileStorage } from '../../../../apps/poc-tracker/src/storage/file-storage.js';
import type { UserRecord } from '../tracker.fixture.js';
import { send } from './files.fixture.js';
import { eventually, outcome, tracker, useTracker } from '../running-tracker.fixture.js';

useTracker();

describe('A download', () => {
  it('of a file that is deleted at the same moment answers NOT_FOUND', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.from('x'));
    const at = `/pocs/${poc}/files/${data.id}`;
    const storage = tracker.app.get(FileStorage, { strict: false });
    const read = storage.read.bind(storage);
    const spy = vi.spyOn(storage, 'read').mockImplementationOnce(async (...which) => {
      await tracker.call('DELETE', at, { token: ana.token });
      return read(...which);
    });
    const { status, error } = await tracker.call('GET', `${at}/content`, { token: ana.token });
    spy.mockRestore();
    expect([status, error.code]).toEqual([404, 'NOT_FOUND']);
  });

  it('is cut off when the session of its user ends', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.alloc(8 * 1024 * 1024));
    const headers = { authorization: `Bearer ${ana.token}` };
    const path = `/api/v1/pocs/${poc}/files/${data.id}/content`;
    const [response] = (await once(
      get(`${tracker.url}${path}`, { agent: false, headers }),
      'response',
    )) as [IncomingMessage];
    await once(response, 'readable');
    await tracker.revoke(ana);
    await eventually(() => outcome(ana, 'GET', '/pocs'), '401 TOKEN_REVOKED');
    const reading = (async () => {
      for await (const chunk of response) void chunk;
    })();
    await expect(reading).rejects.toThrow('aborted');
    await eventually(async () => openFiles(data.id), 0);
  });

  it('that is aborted leaves no file open', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.alloc(8 * 1024 * 1024));
    const sockets = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const { socket, answer } = await send([
          `GET /api/v1/pocs/${poc}/files/${data.id}/content HTTP/1.1`,
          'host: localhost',
          `authorization: Bearer ${ana.token}`,
        ]);
        await eventually(async () => answer().startsWith('HTTP/1.1 200'), true);
        socket.pause();
        return socket;
      }),
    );
    for (const socket of sockets) socket.destroy();
    await eventually(async () => openFiles(data.id), 0);
  });

  it('is limited per user, whatever the downloads of another tenant', async () => {
    const open = async (user: UserRecord) => {
      const poc = await tracker.poc(user);
      const { data } = await tracker.upload(user, poc, Buffer.alloc(8 * 1024 * 1024));
      const at = `/pocs/${poc}/files/${data.id}/content`;
      const headers = { authorization: `Bearer ${user.token}` };
      return async () => {
        const sent = get(`${tracker.url}/api/v1${at}`, { agent: false, headers });
        const [response] = (await once(sent, 'response')) as [IncomingMessage];
        response.on('error', () => undefined);
        return { status: response.statusCode, stop: () => sent.destroy() };
      };
    };
    const [hostile, other] = [await open(await tracker.user()), await open(await tracker.user())];
    const downloads = await Promise.all(Array.from({ length: 60 }, hostile));
    expect(downloads.filter(({ status }) => status === 429)).toHaveLength(10);
    downloads.push(await other());
    expect(downloads.at(-1)?.status).toBe(200);
    for (const { stop } of downloads) stop();
    // The slots are free again.
    await eventually(async () => {
      const { status, stop } = await hostile();
      stop();
      return status;
    }, 200);
  });

  /** Counts the descriptors of the file in this process, which the tracker runs in. */
  function openFiles(id: string): number {
    const descriptors = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    });
    return descriptors.filter((target) => target.endsWith(id)).length;
  }
});

describe('A range request', () => {
  const BYTES = Buffer.from('0123456789');
  let ana: UserRecord;
  let at: string;
  let etag: string;

  beforeAll(async () => {
    ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, BYTES);
    at = `/pocs/${poc}/files/${data.id}/content`;
    etag = `"${data.sha256}"`;
  });

  const fetchPart = (headers: Record<string, string>) =>
    tracker.call('GET', at, { token: ana.token, headers });

  it.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=5-100', '56789', 'bytes 5-9/10'],
  ])('returns the requested part for %s', async (range, text, contentRange) => {
    const { status, headers, bytes } = await fetchPart({ range });
    expect([status, bytes.toString(), headers['content-range'], headers['content-length']]).toEqual(
      [206, text, contentRange, String(text.length)],
    );
  });

  it.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])(
    'is refused with the size of the file for %s',
    async (range) => {
      const { status, error, headers } = await fetchPart({ range });
      expect([status, error.code, headers['content-range']]).toEqual([
        416,
        'RANGE_NOT_SATISFIABLE',
        'bytes */10',
      ]);
      expect(headers['content-disposition']).toBeUndefined();
    },
  );

  it.each(['bytes=5-2', 'bytes=0-1,3-4', 'rows=1-2', 'bytes=x-y', `bytes=${'0-0,'.repeat(500)}`])(
    'returns the whole file for %s',
    async (range) => {
      const { status, bytes } = await fetchPart({ range });
      expect([status, bytes.toString()]).toEqual([200, '0123456789']);
    },
  );

  it('returns the whole file if the client has a part of other content', async () => {
    const range = 'bytes=0-3';
    expect((await fetchPart({ range, 'if-range': etag })).status).toBe(206);
    expect((await fetchPart({ range, 'if-range': '"another"' })).status).toBe(200);
    expect((await fetchPart({ range, 'if-range': new Date().toUTCString() })).status).toBe(200);
  });

  it('returns 304 if the client has the whole file', async () => {
    const { status, bytes, headers } = await fetchPart({ 'if-none-match': `"x", ${etag}` });
    expect([status, bytes.length, headers.etag]).toEqual([304, 0, etag]);
    expect([headers['content-type'], headers['content-length']]).toEqual([undefined, undefined]);
    const full = await fetchPart({ 'if-none-match': '"x"' });
    expect(full.status).toBe(200);
    // A 304 updates the headers of the client's copy (RFC 9111, 4.3.4).
    expect(headers['cache-control']).toBe(full.headers['cache-control']);
    expect(headers['cache-control']).toBe('private, no-cache');
  });
});
