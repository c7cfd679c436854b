import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

describe('FileStorage', () => {
  it.skipIf(process.platform !== 'linux')(
    'names STORAGE_DIR if the folder cannot be created',
    async () => {
      const impossible = new FileStorage({ files: { directory: '/proc/files' } as never });
      await expect(impossible.onModuleInit()).rejects.toThrow(
        /cannot write to \/proc\/files: .*STORAGE_DIR/,
      );
    },
  );

  it('checks that it can write and leaves no file', async () => {
    await storage.assertWritable();
    expect(readdirSync(join(folder, 'files', 'incoming'))).toEqual([]);
    rmSync(join(folder, 'files', 'incoming'), { recursive: true });
    await expect(storage.assertWritable()).rejects.toThrow('ENOENT');
  });

  it('makes a file readable when it is kept, with permissions for its owner only', async () => {
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
    'refuses the path component %j, which is not an id',
    async (hostile) => {
      await expect(storage.begin({ tenantId: randomUUID(), id: hostile })).rejects.toThrow('UUID');
      await expect(storage.begin({ tenantId: hostile, id: randomUUID() })).rejects.toThrow('UUID');
      await expect(storage.remove({ tenantId: hostile, id: randomUUID() })).rejects.toThrow('UUID');
    },
  );

  it('refuses symbolic links and files of another size', async () => {
    const place = key();
    const draft = await storage.begin(place);
    await draft.receive(body('content'), 7);
    await draft.keep();
    await expect(storage.read(place, 8, undefined)).rejects.toThrow('7 bytes instead of 8');
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'content');
    await storage.remove(place);
    symlinkSync(secret, join(folder, 'files', place.tenantId, place.id));
    await expect(storage.read(place, 7, undefined)).rejects.toThrow('ELOOP');
  });

  it.each([
    ['less', 'con', 7],
    ['more', 'content and more', 7],
  ])('refuses a body with %s bytes than stated', async (_name, text, length) => {
    const draft = await storage.begin(key());
    await expect(draft.receive(body(text), length)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
    });
    await draft.close();
  });

  it.skipIf(process.getuid?.() === 0)(
    'fails the check when the folder is not writable',
    async () => {
      chmodSync(join(folder, 'files', 'incoming'), 0o500);
      await expect(storage.assertWritable()).rejects.toThrow('EACCES');
    },
  );
});
