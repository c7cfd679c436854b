import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storedOf } from './files.fixture.js';
import { tracker, useTracker } from '../running-tracker.fixture.js';

useTracker();

describe('A file', () => {
  it('is returned as it was sent, with its size, type and hash', async () => {
    const ana = await tracker.user();
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
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { status, data } = await tracker.upload(ana, poc, Buffer.alloc(0));
    expect([status, data.size]).toEqual([201, 0]);
    const at = `/pocs/${poc}/files/${data.id}/content`;
    expect((await tracker.call('GET', at, { token: ana.token })).bytes).toHaveLength(0);
  });

  it('may be JSON of any shape, which is not parsed', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const bytes = Buffer.from(`{"__proto__": ${'['.repeat(100_000)}`);
    const { status } = await tracker.upload(ana, poc, bytes, { type: 'application/json' });
    expect(status).toBe(201);
  });

  it('is deleted on request, and with its POC', async () => {
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const [first] = [
      await tracker.upload(ana, poc, Buffer.from('one')),
      await tracker.upload(ana, poc, Buffer.from('two')),
    ];
    const at = `/pocs/${poc}/files/${first.data.id}`;
    expect((await tracker.call('DELETE', at, { token: ana.token })).status).toBe(200);
    expect((await tracker.call('GET', `${at}/content`, { token: ana.token })).status).toBe(404);
    expect(storedOf(ana)).toHaveLength(1);
    expect(await tracker.usage(ana.tenantId)).toEqual({ pocs: 1, bytes: 4_096 });
    await tracker.call('DELETE', `/pocs/${poc}`, { token: ana.token });
    expect(storedOf(ana)).toEqual([]);
    expect(await tracker.usage(ana.tenantId)).toEqual({ pocs: 0, bytes: 0 });
  });

  it('can be deleted by its uploader and the owners of its POC only', async () => {
    const ana = await tracker.user();
    const bia = await tracker.user({ tenant: ana });
    const poc = await tracker.poc(ana);
    const { data } = await tracker.upload(ana, poc, Buffer.from('x'));
    const at = `/pocs/${poc}/files/${data.id}`;
    const refused = await tracker.call('DELETE', at, { token: bia.token });
    expect([refused.status, refused.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    expect(storedOf(ana)).toHaveLength(1);
  });
});

describe('A file name', () => {
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
    const ana = await tracker.user();
    const poc = await tracker.poc(ana);
    const { status, error } = await tracker.upload(ana, poc, Buffer.from('x'), { name });
    expect([status, error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(JSON.stringify(error.details)).toContain('name');
    expect(storedOf(ana)).toEqual([]);
  });

  it.each(['CON', '%2e%2e%2f', '~root', '$(id)', '-rf', 'a"; filename="b'])(
    'is never used as a path: %j',
    async (name) => {
      const ana = await tracker.user();
      const { status, data } = await tracker.upload(ana, await tracker.poc(ana), Buffer.from('x'), {
        name,
      });
      expect(status).toBe(201);
      expect(storedOf(ana)).toEqual([join(ana.tenantId, data.id)]);
    },
  );

  it('is required', async () => {
    const ana = await tracker.user();
    const at = `/pocs/${await tracker.poc(ana)}/files`;
    const call = { token: ana.token, bytes: Buffer.from('x') };
    expect((await tracker.call('POST', at, call)).error.code).toBe('VALIDATION_ERROR');
    expect((await tracker.call('POST', `${at}?name=a&name=b`, call)).error.code).toBe(
      'VALIDATION_ERROR',
    );
  });
});
