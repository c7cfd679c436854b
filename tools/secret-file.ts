import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';

/** A file that another user could have created, changed or read. The message is for the operator. */
export class UnsafeFileError extends Error {
  override name = 'UnsafeFileError';
}

/** Permission bits that a file must not have: those of its group and of other users. */
const OTHERS = { secret: 0o077, trusted: 0o022 } as const;

/** `secret`: only its owner may read it. `trusted`: all may read it, but only its owner may write it. */
export type FileKind = keyof typeof OTHERS;

const SECRET_MODE = 0o600;

/**
 * Creates a file that only this user can read, on disk when the call returns. It never opens a file that exists, nor the
 * target of a symbolic link: another user may have created either.
 * @param owner receives the file, if this process runs as root. Default: the user of this process.
 * @throws Error EEXIST if there is a file of this name.
 */
export function createSecretFile(
  path: string,
  content: string,
  owner?: Pick<Stats, 'uid' | 'gid'>,
): void {
  // The mode is that of the open: with a later chmod, another user could open the file in between.
  const file = openSync(path, 'wx', SECRET_MODE);
  try {
    writeFileSync(file, content);
    if (owner !== undefined && process.getuid?.() === 0) fchownSync(file, owner.uid, owner.gid);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Replaces a secret file atomically: it has the old or the new content, even after a power failure. */
export function replaceSecretFile(
  path: string,
  content: string,
  owner?: Pick<Stats, 'uid' | 'gid'>,
): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  createSecretFile(draft, content, owner);
  try {
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * The content of a file that only its owner can have written.
 * @param owners user ids that may own the file besides the user of this process
 * @returns undefined if there is no file.
 * @throws UnsafeFileError if the file is a symbolic link or no regular file, belongs to another user, or has permissions
 *   for others that its kind does not allow; Error if it cannot be read.
 */
export function readOwnFile(
  path: string,
  kind: FileKind,
  owners: readonly number[] = [],
): string | undefined {
  const file = openOwnFile(path);
  if (file === undefined) return undefined;
  try {
    // Of the open file: the path could lead to another one by now.
    assertOwn(path, kind, fstatSync(file), owners);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function openOwnFile(path: string): number | undefined {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new UnsafeFileError(`${path} is a symbolic link. Remove it.`);
    throw error;
  }
}

function assertOwn(path: string, kind: FileKind, stats: Stats, owners: readonly number[]): void {
  if (!stats.isFile()) throw new UnsafeFileError(`${path} is not a regular file. Remove it.`);
  const user = process.geteuid?.();
  if (user !== undefined && ![user, ...owners].includes(stats.uid))
    throw new UnsafeFileError(
      `${path} belongs to another user. Remove it if you did not put it there.`,
    );
  if ((stats.mode & OTHERS[kind]) === 0) return;
  const fix = kind === 'secret' ? 'go-rwx' : 'go-w';
  const verb = kind === 'secret' ? 'read or write' : 'write';
  throw new UnsafeFileError(
    `Other users may ${verb} ${path}. Remove it, or run "chmod ${fix}" on it if you know its content.`,
  );
}
