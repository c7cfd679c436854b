import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { misuse, refusal } from './cli.error.js';

export const KEY_SIZES = ['2048', '3072', '4096'] as const;

export interface KeyPairPem {
  privateKey: string;
  publicKey: string;
}

export interface KeyFiles {
  privateFile: string;
  /** The bundle of public keys that are accepted beside the signing key's own. */
  publicFile: string;
}

/** A public key of the bundle; `retiredAt` when another one has taken its place. */
interface PublishedKey {
  pem: string;
  retiredAt: Date | null;
}

/** Of whatever kind the service takes: SPKI, PKCS #1 or a certificate. */
const BLOCK =
  /(?:^# retired (?<retired>\S+)\n)?(?<pem>-----BEGIN [^-]+-----[^-]+-----END [^-]+-----)/gm;

/** A new RSA pair in PEM form (PKCS #8 and SPKI). */
export function newKeyPair(bits: number): KeyPairPem {
  return generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/**
 * Writes a pair into a folder, readable by its owner alone.
 * @throws CliError when one of the files is there: whoever lost the old private key would log everybody out.
 */
export function writeNewPair(folder: string, pair: KeyPairPem): KeyFiles {
  const files = {
    privateFile: join(folder, 'jwt-private.pem'),
    publicFile: join(folder, 'jwt-public.pem'),
  };
  const existing = Object.values(files).find((file) => existsSync(file));
  if (existing !== undefined)
    throw refusal(`${existing} exists already; move it away or name another folder.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // "wx": a file that appears after the check above is not overwritten either.
  writeFileSync(files.privateFile, pair.privateKey, { mode: 0o600, flag: 'wx' });
  writeFileSync(files.publicFile, pair.publicKey, { mode: 0o600, flag: 'wx' });
  return files;
}

/** What a change of keys did. */
export interface Rotation {
  /** Whether the new key signs from the next start on; false when it was published only. */
  signs: boolean;
  /** Public keys that are in the bundle now. */
  published: number;
  /** Keys whose last token has expired, taken out. */
  removed: number;
}

/**
 * Puts a new signing key in the place of the old one and keeps the old one's public half in the bundle. A key that an
 * earlier call has published with `prepareOnly` is taken instead of a new one. The bundle is written first: whatever
 * happens in between, the key that signs is accepted.
 * @param options.keepHours for how long after its retirement a key is kept: longer than any token lives
 * @throws CliError when a file cannot be read or written, or another rotation runs.
 */
export function rotateKeys(
  { privateFile, publicFile }: KeyFiles,
  options: { bits: number; keepHours: number; prepareOnly: boolean; now: Date },
): Rotation {
  const nextFile = `${privateFile}.next`;
  return exclusively(`${privateFile}.rotating`, () => {
    const current = readKey(privateFile);
    const prepared = existsSync(nextFile);
    const next = prepared ? readFileSync(nextFile, 'utf8') : newKeyPair(options.bits).privateKey;
    const known = readBundle(publicFile);
    const oldest = options.now.getTime() - options.keepHours * 3_600_000;
    const kept = known.filter(
      ({ retiredAt }) => retiredAt === null || retiredAt.getTime() > oldest,
    );
    const active = [publicPem(createPrivateKey(next)), publicPem(current)];
    const others = kept.filter(({ pem }) => !active.includes(pem));
    const retiredAt = options.prepareOnly ? null : options.now;
    const bundle = [
      { pem: active[0] ?? '', retiredAt: null },
      { pem: active[1] ?? '', retiredAt },
      // A key of which nobody wrote down when it was retired is counted from now on.
      ...others.map((key) => ({ ...key, retiredAt: key.retiredAt ?? options.now })),
    ];
    if (!prepared) replaceFile(nextFile, next, privateFile);
    replaceFile(publicFile, bundle.map(toText).join(''), privateFile);
    if (!options.prepareOnly) renameSync(nextFile, privateFile);
    return {
      signs: !options.prepareOnly,
      published: bundle.length,
      removed: known.length - kept.length,
    };
  });
}

function exclusively<T>(lockFile: string, work: () => T): T {
  try {
    closeSync(openSync(lockFile, 'wx', 0o600));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw misuse(message);
    throw refusal(`Another rotation runs, or was killed: remove ${lockFile} if none does.`);
  }
  try {
    return work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

function readKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code !== undefined && !existsSync(file);
    throw misuse(
      missing ? `${file} does not exist.` : `${file} holds no private key that can be read.`,
    );
  }
}

function readBundle(file: string): PublishedKey[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8').replaceAll('\r', '');
  const keys = [...text.matchAll(BLOCK)].map(({ groups = {} }) => {
    const { pem = '', retired } = groups;
    const date = retired === undefined ? null : new Date(retired);
    return {
      pem: readPublicPem(file, pem),
      retiredAt: date === null || Number.isNaN(date.getTime()) ? null : date,
    };
  });
  if (keys.length === 0 && text.trim() !== '') throw misuse(`${file} holds no public key.`);
  return keys;
}

/** A key that was left out of the new bundle would log out whoever has a token of it. */
function readPublicPem(file: string, pem: string): string {
  try {
    return publicPem(createPublicKey(pem));
  } catch {
    throw misuse(`${file} holds a key that cannot be read.`);
  }
}

function publicPem(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function toText({ pem, retiredAt }: PublishedKey): string {
  return `${retiredAt === null ? '' : `# retired ${retiredAt.toISOString()}\n`}${pem}`;
}

/** Whole or not at all, and with the owner of the file beside it: the service must go on reading it. */
function replaceFile(file: string, content: string, like: string): void {
  const draft = `${file}.${process.pid}`;
  try {
    // On the disk before it takes the old one's place: after a power cut there is one or the other.
    writeFileSync(draft, content, { mode: 0o600, flag: 'wx', flush: true });
    const { uid, gid } = statSync(like);
    if (process.getuid?.() === 0) chownSync(draft, uid, gid);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw misuse(`${file} cannot be written: ${(error as Error).message}`);
  }
}
