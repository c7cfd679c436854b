import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const generate = (...options: string[]) =>
  promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    'scripts/generate-keys.ts',
    ...options,
  ]);

describe('npm run keys:generate', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keys-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('prints a pair of 2048 bits and writes nothing', async () => {
    const { stdout } = await generate();
    const privateKey = createPrivateKey(stdout);
    expect(privateKey.asymmetricKeyDetails).toEqual({
      modulusLength: 2048,
      publicExponent: 65_537n,
    });
    expect(stdout).toContain(publicPemOf(privateKey));
  });

  it('writes a pair that only its owner can read, and says how to use it', async () => {
    const out = join(folder, 'new');
    const { stdout } = await generate('--out', out, '--bits', '3072');
    const files = [join(out, 'jwt-private.pem'), join(out, 'jwt-public.pem')];
    expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    const [privatePem, publicPem] = files.map((file) => readFileSync(file, 'utf8'));
    const privateKey = createPrivateKey(privatePem ?? '');
    expect(privateKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    expect(publicPem).toBe(publicPemOf(privateKey));
    expect(stdout).toBe(`JWT_PRIVATE_KEY_FILE=${files[0]}\nJWT_PUBLIC_KEY_FILE=${files[1]}\n`);
  });

  it.each(['jwt-private.pem', 'jwt-public.pem'])('leaves an existing %s as it is', async (file) => {
    const existing = join(folder, file);
    writeFileSync(existing, 'precious');
    await expect(generate('--out', folder)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${existing} exists already`),
    });
    expect(readFileSync(existing, 'utf8')).toBe('precious');
  });

  it('refuses a key that is too small', async () => {
    await expect(generate('--bits', '1024')).rejects.toMatchObject({
      stderr: '--bits must be one of 2048, 3072, 4096.\n',
    });
  });
});

function publicPemOf(privateKey: Parameters<typeof createPublicKey>[0]): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}
