import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cliOn } from '../cli.fixture.js';
import { newKeyPair, rotateKeys } from '../key-files.js';

let folder: string;
const cli = cliOn(null);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** The umask restricts the mode of a new file. */
function writeAs(file: string, content: string, mode: number): void {
  writeFileSync(file, content);
  chmodSync(file, mode);
}

function publicPemOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

describe('keys generate', () => {
  it('prints a 2048-bit key pair and writes no file', async () => {
    const { out } = await cli('keys', 'generate');
    const privateKey = createPrivateKey(out);
    expect(privateKey.asymmetricKeyDetails).toEqual({
      modulusLength: 2048,
      publicExponent: 65_537n,
    });
    expect(out).toContain(publicPemOf(privateKey));
  });

  it('writes a key pair that only its owner can read, and prints the settings for it', async () => {
    const into = join(folder, 'new');
    const { out } = await cli('keys', 'generate', '--out', into, '--bits', '3072');
    const files = [join(into, 'jwt-private.pem'), join(into, 'jwt-public.pem')];
    expect(files.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    const [privatePem, publicPem] = files.map((file) => readFileSync(file, 'utf8'));
    const privateKey = createPrivateKey(privatePem ?? '');
    expect(privateKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    expect(publicPem).toBe(publicPemOf(privateKey));
    expect(out).toBe(`JWT_PRIVATE_KEY_FILE=${files[0]}\nJWT_PUBLIC_KEY_FILE=${files[1]}\n`);
  });

  it.each(['jwt-private.pem', 'jwt-public.pem'])(
    'does not overwrite an existing %s',
    async (file) => {
      const existing = join(folder, file);
      writeFileSync(existing, 'precious');
      expect(await cli('keys', 'generate', '--out', folder)).toMatchObject({
        code: 1,
        err: expect.stringContaining(`${existing} exists already`),
      });
      expect(readFileSync(existing, 'utf8')).toBe('precious');
    },
  );

  it('does not write to the target of a symbolic link', async () => {
    const target = join(folder, 'elsewhere');
    symlinkSync(target, join(folder, 'jwt-private.pem'));
    expect(await cli('keys', 'generate', '--out', folder)).toMatchObject({
      code: 1,
      err: expect.stringContaining('exists already'),
    });
    expect(existsSync(target)).toBe(false);
  });
});

describe('keys rotate', () => {
  const files = () => ({
    privateFile: join(folder, 'jwt-private.pem'),
    publicFile: join(folder, 'jwt-public.pem'),
  });
  const signing = () => publicPemOf(createPrivateKey(readFileSync(files().privateFile)));
  const bundle = () =>
    readFileSync(files().publicFile, 'utf8').match(
      /-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g,
    );
  const named = () => ['--private', files().privateFile, '--public', files().publicFile];

  beforeEach(async () => {
    await cli('keys', 'generate', '--out', folder);
  });

  it('replaces the signing key and keeps the old public key, in files with the same mode', async () => {
    const old = signing();
    expect((await cli('keys', 'rotate', ...named())).code).toBe(0);
    expect(signing()).not.toBe(old);
    expect(bundle()).toEqual([signing(), old]);
    expect(Object.values(files()).map((file) => statSync(file).mode & 0o777)).toEqual([
      0o600, 0o600,
    ]);
    expect(readFileSync(files().publicFile, 'utf8')).not.toContain('PRIVATE');
  });

  it('finds the key files by the variables of the service', async () => {
    const old = signing();
    const { privateFile, publicFile } = files();
    const env = { JWT_PRIVATE_KEY_FILE: privateFile, JWT_PUBLIC_KEY_FILE: publicFile };
    const { json } = await cliOn(null, env)('keys', 'rotate', '--json');
    expect(json()).toEqual({ ...files(), signs: true, published: 2, removed: 0 });
    expect(bundle()).toEqual([signing(), old]);
  });

  it('only publishes the next key with --prepare, and signs with it after the next rotation', async () => {
    const old = signing();
    await cli('keys', 'rotate', '--prepare', ...named());
    expect(signing()).toBe(old);
    const [next] = bundle() ?? [];
    expect(bundle()).toEqual([next, old]);
    await cli('keys', 'rotate', ...named());
    expect(signing()).toBe(next);
    expect(bundle()).toEqual([next, old]);
  });

  it('removes a retired key after --keep-hours, and not before', () => {
    const first = signing();
    const at = (hours: number) => ({
      bits: 2048,
      keepHours: 24,
      prepareOnly: false,
      now: new Date(Date.UTC(2026, 0, 1) + hours * 3_600_000),
    });
    rotateKeys(files(), at(0));
    const second = signing();
    expect(rotateKeys(files(), at(23))).toMatchObject({ published: 3, removed: 0 });
    expect(bundle()).toEqual([signing(), second, first]);
    expect(rotateKeys(files(), at(25))).toMatchObject({ published: 3, removed: 1 });
    expect(bundle()).not.toContain(first);
  });

  it('keeps every public key that the service accepts, in any format', async () => {
    const old = signing();
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    writeFileSync(files().publicFile, `# of the old service\r\n${pkcs1.replaceAll('\n', '\r\n')}`);
    const { json } = await cli('keys', 'rotate', ...named(), '--json');
    expect(json()).toMatchObject({ published: 3, removed: 0 });
    const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(bundle()).toEqual([signing(), old, spki]);
  });

  it.each(['no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'])(
    'changes no file if the bundle contains %j',
    async (content) => {
      const old = signing();
      writeFileSync(files().publicFile, content);
      const { code, err } = await cli('keys', 'rotate', ...named());
      expect([code, err]).toEqual([2, expect.stringContaining(files().publicFile)]);
      expect(signing()).toBe(old);
      expect(readFileSync(files().publicFile, 'utf8')).toBe(content);
    },
  );

  it('can be repeated after an interruption at any point', async () => {
    const old = signing();
    const before = readFileSync(files().publicFile, 'utf8');
    await cli('keys', 'rotate', '--prepare', ...named());
    // As if it had been killed before the bundle was written, and once more after.
    const prepared = readFileSync(`${files().privateFile}.next`, 'utf8');
    writeFileSync(files().publicFile, before);
    await cli('keys', 'rotate', ...named());
    expect(readFileSync(files().privateFile, 'utf8')).toBe(prepared);
    expect(bundle()).toEqual([signing(), old]);
  });

  it.each<[string, (file: string, pem: string) => void, string]>([
    ['that others can read and write', (file, pem) => writeAs(file, pem, 0o666), 'Other users may'],
    ['that others can read', (file, pem) => writeAs(file, pem, 0o644), 'Other users may'],
    [
      'that is a symbolic link',
      (file, pem) => {
        writeAs(`${file}.target`, pem, 0o600);
        symlinkSync(`${file}.target`, file);
      },
      'symbolic link',
    ],
    ['that is a folder', (file) => mkdirSync(file), 'not a regular file'],
  ])('does not sign with a prepared key %s', async (_what, plant, reason) => {
    const old = signing();
    const { privateKey } = newKeyPair(2048);
    plant(`${files().privateFile}.next`, privateKey);
    expect(await cli('keys', 'rotate', ...named())).toMatchObject({
      code: 1,
      err: expect.stringContaining(reason),
    });
    expect(signing()).toBe(old);
    expect(bundle()).toEqual([old]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'uses the files of the user that owns the signing key, and no file of any other user',
    async () => {
      await cli('keys', 'rotate', '--prepare', ...named());
      const next = `${files().privateFile}.next`;
      chownSync(next, 12_345, 12_345);
      expect(await cli('keys', 'rotate', ...named())).toMatchObject({
        code: 1,
        err: expect.stringContaining('belongs to another user'),
      });
      for (const file of [...Object.values(files()), next]) chownSync(file, 12_345, 12_345);
      expect((await cli('keys', 'rotate', ...named())).code).toBe(0);
      for (const file of Object.values(files()))
        expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 12_345 });
    },
  );

  it('accepts no public key from a bundle that others can write', async () => {
    const old = signing();
    chmodSync(files().publicFile, 0o666);
    expect(await cli('keys', 'rotate', ...named())).toMatchObject({
      code: 1,
      err: expect.stringContaining('Other users may write'),
    });
    expect(signing()).toBe(old);
  });

  it('refuses a second rotation at the same time, and never overwrites a file that it cannot read', async () => {
    writeFileSync(`${files().privateFile}.rotating`, '');
    expect(await cli('keys', 'rotate', ...named())).toMatchObject({
      code: 1,
      err: expect.stringContaining('Another rotation runs'),
    });
    rmSync(`${files().privateFile}.rotating`);
    writeFileSync(files().privateFile, 'no key');
    expect(await cli('keys', 'rotate', ...named())).toMatchObject({
      code: 2,
      err: expect.stringContaining('does not contain a valid private key'),
    });
    expect(readFileSync(files().privateFile, 'utf8')).toBe('no key');
  });
});
