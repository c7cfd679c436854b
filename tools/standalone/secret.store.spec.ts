import { createPrivateKey } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretStore } from './secret.store.js';
import { StartFailureError } from '@poc-tracker/http-service';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'poc-tracker-secrets-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('SecretStore', () => {
  it.each(['/proc/nowhere', '/dev/null/below-a-file'])(
    'refuses a data directory that cannot be created: %s',
    (impossible) => {
      expect(() => new SecretStore(impossible)).toThrow(StartFailureError);
    },
  );

  it('generates a 2048-bit RSA key and a refresh secret of 48 random bytes', () => {
    const store = new SecretStore(join(folder, 'data'));
    const key = createPrivateKey(readFileSync(store.signingKeyFile()));
    expect(key.asymmetricKeyDetails).toMatchObject({
      modulusLength: 2048,
      publicExponent: 65_537n,
    });
    expect(Buffer.from(readFileSync(store.refreshSecretFile(), 'utf8'), 'base64')).toHaveLength(48);
  });

  it('returns the same secrets at every start', () => {
    const data = join(folder, 'data');
    const first = new SecretStore(data);
    const second = new SecretStore(data);
    expect(second.loginPasswords()).toEqual(first.loginPasswords());
    const key = readFileSync(first.signingKeyFile(), 'utf8');
    expect(readFileSync(second.signingKeyFile(), 'utf8')).toBe(key);
    const dataKeys = readFileSync(first.dataKeysFile(), 'utf8');
    expect(dataKeys).toMatch(/^first:[A-Za-z0-9+/]{43}=$/);
    expect(readFileSync(second.dataKeysFile(), 'utf8')).toBe(dataKeys);
  });

  it('adds the password of a login that an older version did not have, once', () => {
    const data = join(folder, 'data');
    const { tracker: _unknown, ...older } = new SecretStore(data).loginPasswords();
    writeFileSync(join(data, 'database-logins.json'), JSON.stringify(older));
    const completed = new SecretStore(data).loginPasswords();
    expect(completed).toMatchObject(older);
    expect(completed.tracker).toMatch(/^[\w-]{32}$/);
    expect(new SecretStore(data).loginPasswords()).toEqual(completed);
  });

  it('generates different secrets for each data directory', () => {
    const one = new SecretStore(join(folder, 'one')).loginPasswords();
    const other = new SecretStore(join(folder, 'other')).loginPasswords();
    expect(new Set([...Object.values(one), ...Object.values(other)]).size).toBe(8);
  });

  it('makes every secret file readable by its owner only, and leaves no temporary file', () => {
    const data = join(folder, 'data');
    const store = new SecretStore(data);
    store.signingKeyFile();
    store.refreshSecretFile();
    store.dataKeysFile();
    store.loginPasswords();
    expect(readdirSync(data).sort()).toEqual([
      'data-keys',
      'database-logins.json',
      'jwt-private-key.pem',
      'jwt-refresh-secret',
    ]);
    for (const name of readdirSync(data))
      expect(statSync(join(data, name)).mode & 0o777).toBe(0o600);
    expect(statSync(data).mode & 0o777).toBe(0o711);
  });

  it.each([
    ['that other users can read', (file: string) => chmodSync(file, 0o644), 'Other users may'],
    [
      'that is a symbolic link',
      (file: string) => {
        renameSync(file, `${file}.moved`);
        symlinkSync(`${file}.moved`, file);
      },
      'symbolic link',
    ],
  ])('does not start with a secret %s', (_what, change, reason) => {
    const data = join(folder, 'data');
    change(new SecretStore(data).signingKeyFile());
    const start = (): string => new SecretStore(data).signingKeyFile();
    expect(start).toThrow(StartFailureError);
    expect(start).toThrow(reason);
  });

  it.skipIf(process.getuid?.() === 0)(
    'says in one sentence that this user cannot use the data directory',
    () => {
      const closed = join(folder, 'closed');
      mkdirSync(closed, { mode: 0o500 });
      const make = (): string => new SecretStore(closed).refreshSecretFile();
      expect(make).toThrow(StartFailureError);
      expect(make).toThrow(`This user may not read and write ${closed}`);
    },
  );
});
