import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  readdirSync,
  readlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pollUntil } from '@poc-tracker/embedded';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FileSweep } from '../../../apps/poc-tracker/src/files/file.sweep.js';
import { Draft } from '../../../apps/poc-tracker/src/storage/draft.js';
import { FileStorage } from '../../../apps/poc-tracker/src/storage/file-storage.js';
import { type UserRecord, TrackerFixture } from './tracker.fixture.js';

const DEADLINE_MS = 5_000;
const GB = 1024 ** 3;
const HOUR_MS = 3_600_000;

let tracker: TrackerFixture;

beforeAll(async () => {
  tracker = await TrackerFixture.start();
});

afterAll(async () => {
  await tracker?.stop();
});

async function eventually<T>(probe: () => Promise<T>, expected: T): Promise<void> {
  let last: T | undefined;
  await pollUntil(async () => {
    last = await probe();
    return JSON.stringify(last) === JSON.stringify(expected) || undefined;
  }, DEADLINE_MS);
  expect(last).toEqual(expected);
}

/** The paths of a tenant's files in the folder. */
function storedOf({ tenantId }: UserRecord): string[] {
  return tracker.stored().filter((path) => path.includes(tenantId));
}

/** Sends bytes as they are, and gives the socket. */
async function send(head: string[], body: Buffer | string = '') {
  const { hostname, port } = new URL(tracker.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(body);
  return { socket, closed, answer: () => answer };
}

describe('a file', () => {
  it('comes back as it was sent, with its size, type and hash', async () => {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const bytes = randomBytes(3 * 1024 * 1024 + 17);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { status, data } = await tracker.upload(ana, poc, bytes, { name: 'relatório 😀.pdf' });
    expect(status).toBe(201);
    expect(data).toMatchObject({
      pocId: poc,
      name: 'relatório 😀.pdf',
      size: bytes.length,
      contentType: 'application/pdf',
      sha256,
      createdBy: ana.userId,
    });
    const at = `/pocs/${poc}/files/${data.id}`;
    expect((await tracker.call('GET', at, { token: ana.token })).data).toEqual(data);
    const listed = await tracker.call('GET', `/pocs/${poc}/files`, { token: ana.token });
    expect(listed.data).toEqual({ items: [data], nextCursor: null });

    const content = await tracker.call('GET', `${at}/content`, { token: ana.token });
    expect(content.bytes.equals(bytes)).toBe(true);
    expect(content.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': String(bytes.length),
      'content-disposition': `attachment; filename="relat_rio _.pdf"; filename*=UTF-8''relat%C3%B3rio%20%F0%9F%98%80.pdf`,
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      etag: `"${sha256}"`,
    });
    expect(storedOf(ana)).toEqual([join(ana.tenantId, data.id)]);
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: bytes.length });
  });

  it('may be empty', async () => {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const { status, data } = await tracker.upload(ana, poc, Buffer.alloc(0));
    expect([status, data.size]).toEqual([201, 0]);
    const at = `/pocs/${poc}/files/${data.id}/content`;
    expect((await tracker.call('GET', at, { token: ana.token })).bytes).toHaveLength(0);
  });

  it('may be JSON of any shape, which nobody parses', async () => {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const bytes = Buffer.from(`{"__proto__": ${'['.repeat(100_000)}`);
    const { status } = await tracker.upload(ana, poc, bytes, { type: 'application/json' });
    expect(status).toBe(201);
  });

  it('is gone with its deletion, and all of them with that of their POC', async () => {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const [first] = [
      await tracker.upload(ana, poc, Buffer.from('one')),
      await tracker.upload(ana, poc, Buffer.from('two')),
    ];
    const at = `/pocs/${poc}/files/${first.data.id}`;
    expect((await tracker.call('DELETE', at, { token: ana.token })).status).toBe(200);
    expect((await tracker.call('GET', `${at}/content`, { token: ana.token })).status).toBe(404);
    expect(storedOf(ana)).toHaveLength(1);
    expect(await tracker.usage(ana.tenantId)).toEqual({ pocs: 1, bytes: 3 });
    await tracker.call('DELETE', `/pocs/${poc}`, { token: ana.token });
    expect(storedOf(ana)).toEqual([]);
    expect(await tracker.usage(ana.tenantId)).toEqual({ pocs: 0, bytes: 0 });
  });

  it('is deleted by whoever uploaded it and by the owners of the POC, not by others', async () => {
    const ana = await tracker.person();
    const bia = await tracker.person({ tenant: ana });
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.from('x'));
    const at = `/pocs/${poc}/files/${data.id}`;
    const refused = await tracker.call('DELETE', at, { token: bia.token });
    expect([refused.status, refused.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    expect(storedOf(ana)).toHaveLength(1);
  });
});

describe('a download', () => {
  it('of a file that is deleted in the same moment finds none', async () => {
    const ana = await tracker.person();
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

  it('that breaks off leaves no file open', async () => {
    const ana = await tracker.person();
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

  /** How many descriptors of this process, which the tracker runs in, are of the file. */
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

describe('a part of a file', () => {
  const BYTES = Buffer.from('0123456789');
  let ana: UserRecord;
  let at: string;
  let etag: string;

  beforeAll(async () => {
    ana = await tracker.person();
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
  ])('is answered for %s', async (range, text, contentRange) => {
    const { status, headers, bytes } = await fetchPart({ range });
    expect([status, bytes.toString(), headers['content-range'], headers['content-length']]).toEqual(
      [206, text, contentRange, String(text.length)],
    );
  });

  it.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])(
    'is refused for %s, with the size',
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
    'is the whole for %s',
    async (range) => {
      const { status, bytes } = await fetchPart({ range });
      expect([status, bytes.toString()]).toEqual([200, '0123456789']);
    },
  );

  it('is the whole when the client has a part of another content', async () => {
    const range = 'bytes=0-3';
    expect((await fetchPart({ range, 'if-range': etag })).status).toBe(206);
    expect((await fetchPart({ range, 'if-range': '"another"' })).status).toBe(200);
    expect((await fetchPart({ range, 'if-range': new Date().toUTCString() })).status).toBe(200);
  });

  it('is nothing when the client has it all', async () => {
    const { status, bytes, headers } = await fetchPart({ 'if-none-match': `"x", ${etag}` });
    expect([status, bytes.length, headers.etag]).toEqual([304, 0, etag]);
    expect((await fetchPart({ 'if-none-match': '"x"' })).status).toBe(200);
  });
});

describe('a name', () => {
  it.each([
    '../../etc/passwd',
    '..',
    '.',
    'a/b',
    'a\\b',
    'a\0b',
    'two\nlines',
    '\u202egpj.exe',
    '',
    ' ',
    'x'.repeat(256),
  ])('is refused: %j', async (name) => {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const { status, error } = await tracker.upload(ana, poc, Buffer.from('x'), { name });
    expect([status, error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(JSON.stringify(error.details)).toContain('name');
    expect(storedOf(ana)).toEqual([]);
  });

  it.each(['CON', '%2e%2e%2f', '~root', '$(id)', '-rf', 'a"; filename="b'])(
    'is never a path: %j',
    async (name) => {
      const ana = await tracker.person();
      const { status, data } = await tracker.upload(ana, await tracker.poc(ana), Buffer.from('x'), {
        name,
      });
      expect(status).toBe(201);
      expect(storedOf(ana)).toEqual([join(ana.tenantId, data.id)]);
    },
  );

  it('is needed', async () => {
    const ana = await tracker.person();
    const at = `/pocs/${await tracker.poc(ana)}/files`;
    const call = { token: ana.token, bytes: Buffer.from('x') };
    expect((await tracker.call('POST', at, call)).error.code).toBe('VALIDATION_ERROR');
    expect((await tracker.call('POST', `${at}?name=a&name=b`, call)).error.code).toBe(
      'VALIDATION_ERROR',
    );
  });
});

describe('an upload', () => {
  async function scene() {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const head = [
      `POST /api/v1/pocs/${poc}/files?name=x HTTP/1.1`,
      'host: localhost',
      `authorization: Bearer ${ana.token}`,
      'content-type: application/octet-stream',
    ];
    return { ana, poc, head };
  }

  it('that breaks off gives its bytes back and leaves nothing', async () => {
    const { ana, head } = await scene();
    const { socket } = await send([...head, 'content-length: 5000000'], Buffer.alloc(100_000));
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 5_000_000);
    expect(storedOf(ana)).toEqual([expect.stringContaining('incoming')]);
    socket.destroy();
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 0);
    await eventually(async () => storedOf(ana), []);
  });

  it('is seen by nobody before it is complete, and holds no transaction open meanwhile', async () => {
    const { ana, poc, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 10);
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

  it('of an unknown length is refused, since the limit is held against it first', async () => {
    const { ana, head } = await scene();
    const { answer, closed } = await send([...head, 'transfer-encoding: chunked'], '1\r\nx\r\n');
    await closed;
    expect(answer()).toContain('400 Bad Request');
    expect(answer()).toContain('content-length');
    expect(storedOf(ana)).toEqual([]);
  });

  it('that is too large is refused before a byte of it is read, and its connection closed', async () => {
    const { ana, head } = await scene();
    const { answer, closed } = await send([...head, `content-length: ${9 * 1024 * 1024}`], 'x');
    await closed;
    expect(answer()).toContain('413 Payload Too Large');
    expect(answer()).toContain('PAYLOAD_TOO_LARGE');
    expect(answer().toLowerCase()).toContain('connection: close');
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 0 });
  });

  it.each(['-1', '1e3', '0x10', '9'.repeat(30), '5, 5'])(
    'with the length %s is refused',
    async (length) => {
      const { ana, head } = await scene();
      const { answer, closed } = await send([...head, `content-length: ${length}`], 'xxxxx');
      await closed;
      expect(answer()).toMatch(/^HTTP\/1\.1 (400|413)/);
      expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 0 });
    },
  );

  it('without a token, or of another person, is refused before a byte of it is read', async () => {
    const { ana, poc, head } = await scene();
    const anonymous = head.filter((line) => !line.startsWith('authorization'));
    const nobody = await send([...anonymous, 'content-length: 5000000'], 'x');
    await nobody.closed;
    expect(nobody.answer()).toContain('TOKEN_REQUIRED');
    const bia = await tracker.person({ tenant: ana });
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

  it('of a page is never shown as one', async () => {
    const { ana, poc } = await scene();
    const { data } = await tracker.upload(ana, poc, Buffer.from('<script>'), { type: 'text/html' });
    const { headers } = await tracker.call('GET', `/pocs/${poc}/files/${data.id}/content`, {
      token: ana.token,
    });
    expect(headers['content-disposition']).toMatch(/^attachment/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('does not open other routes to bodies that are not parsed', async () => {
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

  it('to a POC that is deleted meanwhile ends as if there had been none', async () => {
    const { ana, poc, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 10);
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
  ])('of a person %s meanwhile is thrown away', async (_what, code, change) => {
    const { ana, poc, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 10);
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

  it('onto a full disk is refused as our trouble, and gives its bytes back', async () => {
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

  it('of a person whose session ends meanwhile is thrown away', async () => {
    const { ana, head } = await scene();
    const { socket, answer, closed } = await send([...head, 'content-length: 10'], 'half.');
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 10);
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

describe('the storage of a tenant', () => {
  const MB = 1024 * 1024;

  async function nearlyFull(free: number): Promise<{ ana: UserRecord; poc: string }> {
    const tenant = await tracker.tenant({ maxStorageGb: 1 });
    const ana = await tracker.person({ tenant });
    const poc = await tracker.poc(ana);
    await tracker.sql(
      `INSERT INTO poc_files (tenant_id, poc_id, file_name, file_size) VALUES ($1, $2, 'ballast', $3)`,
      [tenant.tenantId, poc, GB - free],
    );
    return { ana, poc };
  }

  it('is exact: of 50 uploads at once into room for 3, 3 are kept, and the others are told limit and usage', async () => {
    const { ana, poc } = await nearlyFull(3 * MB + 1_000);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => tracker.upload(ana, poc, Buffer.alloc(MB))),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBe(3);
    for (const { status, error } of refused) {
      expect([status, error.code]).toEqual([403, 'STORAGE_LIMIT_EXCEEDED']);
      expect(error.details).toMatchObject({
        limit: expect.any(Number) as number,
        usage: expect.any(Number) as number,
      });
    }
    expect(storedOf(ana)).toHaveLength(3);
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: GB - 1_000 });
  });

  it('is exact while half of the uploads break off: what is counted is what is kept', async () => {
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
    // All that was given back can be used: to the last byte.
    for (let free = 8 - kept(); free > 0; free -= 1)
      expect((await tracker.upload(ana, poc, Buffer.alloc(MB))).status).toBe(201);
    expect((await tracker.upload(ana, poc, Buffer.alloc(1))).status).toBe(403);
  });

  it('takes a file to the last byte, and not one more', async () => {
    const { ana, poc } = await nearlyFull(1_000);
    expect((await tracker.upload(ana, poc, Buffer.alloc(1_001))).status).toBe(403);
    expect((await tracker.upload(ana, poc, Buffer.alloc(1_000))).status).toBe(201);
    expect((await tracker.upload(ana, poc, Buffer.alloc(1))).status).toBe(403);
    expect((await tracker.upload(ana, poc, Buffer.alloc(0))).status).toBe(201);
  });
});

describe('what a crash leaves behind', () => {
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

  it('is settled: reservations give their bytes back, contents without a row go', async () => {
    const ana = await tracker.person();
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
    expect(storedOf(ana)).toEqual([...rest, orphan].sort());
    expect(await tracker.usage(tenantId)).toMatchObject({ bytes: 4 + 100 });
    await sweep(Date.now() + 25 * HOUR_MS);
    expect(storedOf(ana)).toEqual([join(tenantId, kept.data.id), foreign].sort());
    expect(await tracker.usage(tenantId)).toMatchObject({ bytes: 4 });
  });

  it('keeps a content for a day after its row was first missed, and serves it when the row is back', async () => {
    const ana = await tracker.person();
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
      'INSERT INTO poc_files SELECT * FROM jsonb_populate_record(NULL::poc_files, $1)',
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

  it('is settled although the draft of a reservation is lost, once no upload can be that old', async () => {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const kept = await tracker.upload(ana, poc, Buffer.from('kept'));
    const [lost, running] = [await reserve(ana, poc), await reserve(ana, poc)];
    const age = `UPDATE poc_files SET created_at = now() - $2::interval WHERE id = $1`;
    await tracker.sql(age, [kept.data.id, '30 hours']);
    await tracker.sql(age, [lost, '26 hours']);
    await tracker.sql(age, [running, '24 hours']);
    await sweep();
    const left = await tracker.sql('SELECT id FROM poc_files WHERE poc_id = $1', [poc]);
    expect(left).toEqual(expect.arrayContaining([{ id: kept.data.id }, { id: running }]));
    expect(left).toHaveLength(2);
    expect(await tracker.usage(ana.tenantId)).toMatchObject({ bytes: 4 + 100 });
  });

  it('is settled for all others when one file cannot be removed', async () => {
    const [ana, bia] = [await tracker.person(), await tracker.person()];
    for (const person of [ana, bia]) {
      const id = await reserve(person, await tracker.poc(person));
      leave(join('incoming', `${person.tenantId}.${id}`), 1);
      // Not a file, in the place of one: rm() without `recursive` refuses it.
      if (person === ana) mkdirSync(join(tracker.folder, ana.tenantId, id), { recursive: true });
    }
    await sweep();
    expect([...storedOf(ana), ...storedOf(bia)]).toEqual([]);
    expect(await tracker.usage(bia.tenantId)).toMatchObject({ bytes: 0 });
  });

  it('goes with a purged tenant at once, and nothing of any other', async () => {
    const [ana, bia] = [await tracker.person(), await tracker.person()];
    for (const person of [ana, bia])
      await tracker.upload(person, await tracker.poc(person), Buffer.from('x'));
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

  it('is settled at the start of the next process as well', async () => {
    const ana = await tracker.person();
    const id = await reserve(ana, await tracker.poc(ana));
    leave(join('incoming', `${ana.tenantId}.${id}`), 1);
    const another = await tracker.another();
    await eventually(async () => (await tracker.usage(ana.tenantId)).bytes, 0);
    await eventually(async () => storedOf(ana), []);
    await another.leave();
  });

  it('is not served: a content of another size than its row says is an error of ours', async () => {
    const ana = await tracker.person();
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.from('whole'));
    truncateSync(join(tracker.folder, ana.tenantId, data.id), 2);
    const { status } = await tracker.call('GET', `/pocs/${poc}/files/${data.id}/content`, {
      token: ana.token,
    });
    expect(status).toBe(500);
  });
});
