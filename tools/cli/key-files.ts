import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  createSecretFile,
  type FileKind,
  readOwnFile,
  replaceSecretFile,
  UnsafeFileError,
} from '../secret-file.js';
import { misuse, refusal } from './cli.error.js';

export const KEY_SIZES = ['2048', '3072', '4096'] as const;

export interface KeyPairPem {
  privateKey: string;
  publicKey: string;
}

export interface KeyFiles {
  privateFile: string;
  /** The bundle of further public keys that are accepted. */
  publicFile: string;
}

/** A public key of the bundle. `retiredAt` is set if it no longer signs. */
interface PublishedKey {
  pem: string;
  retiredAt: Date | null;
}

/** Every format that the service accepts: SPKI, PKCS #1 or a certificate. */
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
 * Writes a key pair to a folder, readable by its owner only.
 * @throws CliError if one of the files exists: losing the old private key would log out all users
 */
export function writeNewPair(folder: string, pair: KeyPairPem): KeyFiles {
  const files = {
    privateFile: join(folder, 'jwt-private.pem'),
    publicFile: join(folder, 'jwt-public.pem'),
  };
  const existing = Object.values(files).find((file) => existsSync(file));
  if (existing !== undefined) throw alreadyExists(existing);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  createNewFile(files.privateFile, pair.privateKey);
  createNewFile(files.publicFile, pair.publicKey);
  return files;
}

/** Refuses a file that appears after the check, and a symbolic link, whose target need not exist. */
function createNewFile(file: string, content: string): void {
  try {
    createSecretFile(file, content);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST' ? alreadyExists(file) : misuse(`${file} cannot be written: ${message}`);
  }
}

function alreadyExists(file: string): Error {
  return refusal(`${file} exists already. Move it away or name another folder.`);
}

/** The result of a key rotation. */
export interface Rotation {
  /** Whether the new key signs from the next start on. False if it was only published. */
  signs: boolean;
  /** Number of public keys in the bundle. */
  published: number;
  /** Number of keys that were removed because their last token has expired. */
  removed: number;
}

/**
 * Replaces the signing key and keeps the public half of the old one in the bundle. Uses the key that an earlier call
 * published with `prepareOnly`, if there is one. The bundle is written first, so that the signing key is accepted even if
 * the process ends in between.
 * @param options.keepHours hours for which a retired key stays in the bundle; longer than a token is valid
 * @throws CliError if a file cannot be read or written, another user could have written it, or another rotation runs
 */
export function rotateKeys(
  { privateFile, publicFile }: KeyFiles,
  options: { bits: number; keepHours: number; prepareOnly: boolean; now: Date },
): Rotation {
  const nextFile = `${privateFile}.next`;
  return exclusively(`${privateFile}.rotating`, () => {
    const current = readSigningKey(privateFile);
    const owner = statSync(privateFile);
    const prepared = readOwn(nextFile, 'secret', owner);
    const next = prepared ?? newKeyPair(options.bits).privateKey;
    const known = readBundle(publicFile, owner);
    const oldest = options.now.getTime() - options.keepHours * 3_600_000;
    const kept = known.filter(
      ({ retiredAt }) => retiredAt === null || retiredAt.getTime() > oldest,
    );
    const active = [publicPem(parsePrivateKey(nextFile, next)), publicPem(current)];
    const others = kept.filter(({ pem }) => !active.includes(pem));
    const retiredAt = options.prepareOnly ? null : options.now;
    const bundle = [
      { pem: active[0] ?? '', retiredAt: null },
      { pem: active[1] ?? '', retiredAt },
      // A key without a time of retirement counts as retired now.
      ...others.map((key) => ({ ...key, retiredAt: key.retiredAt ?? options.now })),
    ];
    if (prepared === undefined) replaceFile(nextFile, next, owner);
    replaceFile(publicFile, bundle.map(toText).join(''), owner);
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
    throw refusal(`Another rotation runs, or was killed. If none runs, remove ${lockFile}.`);
  }
  try {
    return work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** Its owner is the user who decides which key signs, so the other files may belong to that user too. */
function readSigningKey(file: string): KeyObject {
  if (!existsSync(file)) throw misuse(`${file} does not exist.`);
  return parsePrivateKey(file, readFileSync(file, 'utf8'));
}

function parsePrivateKey(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw misuse(`${file} does not contain a valid private key.`);
  }
}

/** Otherwise any user who can create a file in the folder would choose a key that signs, or one that is accepted. */
function readOwn(file: string, kind: FileKind, owner: Stats): string | undefined {
  try {
    return readOwnFile(file, kind, [owner.uid]);
  } catch (error) {
    const { message } = error as Error;
    throw error instanceof UnsafeFileError ? refusal(message) : misuse(message);
  }
}

function readBundle(file: string, owner: Stats): PublishedKey[] {
  const text = (readOwn(file, 'trusted', owner) ?? '').replaceAll('\r', '');
  const keys = [...text.matchAll(BLOCK)].map(({ groups = {} }) => {
    const { pem = '', retired } = groups;
    const date = retired === undefined ? null : new Date(retired);
    return {
      pem: readPublicPem(file, pem),
      retiredAt: date === null || Number.isNaN(date.getTime()) ? null : date,
    };
  });
  if (keys.length === 0 && text.trim() !== '')
    throw misuse(`${file} does not contain a public key.`);
  return keys;
}

/** An unreadable key is an error: without it in the new bundle, its tokens would be refused. */
function readPublicPem(file: string, pem: string): string {
  try {
    return publicPem(createPublicKey(pem));
  } catch {
    throw misuse(`${file} contains a key that cannot be read.`);
  }
}

function publicPem(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function toText({ pem, retiredAt }: PublishedKey): string {
  return `${retiredAt === null ? '' : `# retired ${retiredAt.toISOString()}\n`}${pem}`;
}

/** The file gets the owner of the signing key, so that the service can still read it. */
function replaceFile(file: string, content: string, owner: Stats): void {
  try {
    replaceSecretFile(file, content, owner);
  } catch (error) {
    throw misuse(`${file} cannot be written: ${(error as Error).message}`);
  }
}
