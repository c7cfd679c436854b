import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import {
  canReach,
  identityOfInitdb,
  type ServerIdentity,
  takeOverFiles,
} from './process/server-identity.js';

/** Holds root's databases if the server's account cannot enter the requested folder. Survives reboots. */
const SYSTEM_STATE_ROOT = '/var/lib/poc-tracker';

/** The superuser of an embedded server. */
export const SUPERUSER = 'postgres';

/**
 * The real path of the data directory. If the account cannot enter the requested folder, such as the home of root, the data
 * is stored below /var/lib and the requested path becomes a symbolic link to it.
 */
export function placeDataDirectory(wanted: string, identity: ServerIdentity): string {
  createEnterableDirectory(dirname(wanted));
  if (lstatSync(wanted, { throwIfNoEntry: false })?.isSymbolicLink()) return readlinkSync(wanted);
  if (identity.uid === undefined || canReach(dirname(wanted), identity)) return wanted;
  createEnterableDirectory(SYSTEM_STATE_ROOT);
  const moved = join(SYSTEM_STATE_ROOT, `${basename(wanted)}-${randomBytes(6).toString('hex')}`);
  symlinkSync(moved, wanted);
  return moved;
}

/**
 * Initializes the directory unless it contains a database cluster, and returns the superuser's password.
 * @throws EmbeddedPostgresError if it contains something else.
 */
export function initializeDataDirectory(options: {
  dataDirectory: string;
  passwordFile: string;
  native: string;
  identity: ServerIdentity;
  durable: boolean;
}): string {
  const { dataDirectory, passwordFile } = options;
  if (existsSync(dataDirectory)) assertAccessible(dataDirectory);
  if (existsSync(join(dataDirectory, 'PG_VERSION')))
    return readPassword(passwordFile, dataDirectory);
  const password = randomBytes(24).toString('base64url');
  // An interrupted start may have left the file. Another user may have created it, so it is replaced and not written to.
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
  // The cluster gets its final name when it is complete, because initdb may be killed at any point.
  const staging = `${dataDirectory}.new`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  const stagedPassword = join(staging, 'password');
  writeFileSync(stagedPassword, password, { mode: 0o600, flag: 'wx' });
  const { identity } = options;
  const initdb = identityOfInitdb(identity);
  if (initdb.uid !== undefined && initdb.gid !== undefined)
    for (const path of [staging, stagedPassword]) chownSync(path, initdb.uid, initdb.gid);
  if (initdb.uid !== identity.uid) {
    // Only for the group, because other processes run with this uid.
    chownSync(staging, 0, identity.gid ?? 0);
    chmodSync(staging, 0o770);
  }
  const staged = join(staging, 'data');
  runInitdb({
    ...options,
    dataDirectory: staged,
    passwordFile: stagedPassword,
    identity: initdb,
  });
  takeOverFiles(staged, identity);
  try {
    renameSync(staged, dataDirectory);
  } catch {
    throw new EmbeddedPostgresError(
      `${dataDirectory} is not empty and does not contain a database.`,
    );
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return password;
}

/** Other users may traverse it but not list it. Files inside have stricter modes. */
function createEnterableDirectory(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { recursive: true });
  // The umask would restrict the mode option of mkdir.
  chmodSync(path, 0o711);
}

function assertAccessible(dataDirectory: string): void {
  try {
    accessSync(dataDirectory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    throw new EmbeddedPostgresError(
      `The database in ${dataDirectory} belongs to another user; start as that user, or set DATA_DIR to another folder.`,
    );
  }
}

function readPassword(passwordFile: string, dataDirectory: string): string {
  try {
    return readFileSync(passwordFile, 'utf8');
  } catch {
    throw new EmbeddedPostgresError(
      `${passwordFile} cannot be read, so the password of the database in ${dataDirectory} is unknown; ` +
        'restore it, or set DATA_DIR to another folder.',
    );
  }
}

function runInitdb(options: {
  dataDirectory: string;
  passwordFile: string;
  native: string;
  identity: ServerIdentity;
  durable: boolean;
}): void {
  const { status, error, stderr } = spawnSync(
    join(options.native, 'bin/initdb'),
    [
      `--pgdata=${options.dataDirectory}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${options.passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The same sort order on every machine, whatever locales are installed.
      '--locale-provider=builtin',
      '--locale=C.UTF-8',
      ...(options.durable ? [] : ['--no-sync']),
    ],
    {
      ...options.identity,
      cwd: '/',
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      encoding: 'utf8',
    },
  );
  if (status !== 0) {
    throw new EmbeddedPostgresError(
      `The database could not be created: ${error?.message ?? stderr.trim()}`,
    );
  }
}
