import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileStorage } from './file-storage.js';

let folder: string;
let storage: FileStorage;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'poc-tracker-storage-'));
  storage = new FileStorage({ files: { directory: join(folder, 'files') } as never });
  await storage.onModuleInit();
});

afterEach(() => rmSync(folder, { recursive: true }));

const key = () => ({ tenantId: randomUUID(), id: randomUUID() });

/** A request whose body is the given text. */
function body(text: string): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.push(text);
  message.push(null);
  message.complete = true;
  return message;
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('the storage', () => {
  it('shows a file only once it is kept, to its owner alone', async () => {
    const place = key();
    const draft = await storage.begin(place);
    await draft.receive(body('content'), 7);
    await expect(storage.read(place, 7, undefined)).rejects.toThrow('ENOENT');
    await draft.keep();
    expect(await read(await storage.read(place, 7, undefined))).toBe('content');
    expect(await read(await storage.read(place, 7, { start: 1, end: 2 }))).toBe('on');
    const path = join(folder, 'files', place.tenantId);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, place.id)).mode & 0o777).toBe(0o600);
  });

  it.each(['..', '../../etc/passwd', 'x', '', `${randomUUID()}/..`])(
    'takes nothing but ids for a place: %j',
    async (hostile) => {
      await expect(storage.begin({ tenantId: randomUUID(), id: hostile })).rejects.toThrow('ids');
      await expect(storage.begin({ tenantId: hostile, id: randomUUID() })).rejects.toThrow('ids');
      await expect(storage.remove({ tenantId: hostile, id: randomUUID() })).rejects.toThrow('ids');
    },
  );

  it('follows no link and serves no other size', async () => {
    const place = key();
    const draft = await storage.begin(place);
    await draft.receive(body('content'), 7);
    await draft.keep();
    await expect(storage.read(place, 8, undefined)).rejects.toThrow('7 bytes where 8');
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'content');
    await storage.remove(place);
    symlinkSync(secret, join(folder, 'files', place.tenantId, place.id));
    await expect(storage.read(place, 7, undefined)).rejects.toThrow('ELOOP');
  });

  it.each([
    ['less', 'con', 7],
    ['more', 'content and more', 7],
  ])('takes no body of %s than it was told', async (_name, text, length) => {
    const draft = await storage.begin(key());
    await expect(draft.receive(body(text), length)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await draft.close();
  });

  it.skipIf(process.getuid?.() === 0)('says so when it cannot be written', async () => {
    chmodSync(join(folder, 'files', 'incoming'), 0o500);
    await expect(storage.assertWritable()).rejects.toThrow('EACCES');
  });
});
