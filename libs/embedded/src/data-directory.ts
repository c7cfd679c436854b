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
import { canReach, type ServerIdentity } from './process/server-identity.js';

/** Where root's databases live when the wanted folder is closed to the server's account: kept over reboots. */
const SYSTEM_STATE_ROOT = '/var/lib/poc-tracker';

/** The one superuser of an embedded server. */
export const SUPERUSER = 'postgres';

/**
 * The real path of the data directory. Where the account cannot enter the wanted place (root's 0700 home, for one),
 * the data go below /var/lib and the wanted place becomes a symbolic link to them.
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
 * Makes sure that the directory holds a database cluster and answers its superuser's password.
 * @throws EmbeddedPostgresError where something else is in the way.
 */
export function initialiseDataDirectory(options: {
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
  writeFileSync(passwordFile, password, { mode: 0o600 });
  // A cluster appears under its name only when it is whole: initdb can be killed at any point.
  const staging = `${dataDirectory}.new`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  const stagedPassword = join(staging, 'password');
  writeFileSync(stagedPassword, password, { mode: 0o600 });
  const { uid, gid } = options.identity;
  if (uid !== undefined && gid !== undefined)
    for (const path of [staging, stagedPassword]) chownSync(path, uid, gid);
  runInitdb({ ...options, dataDirectory: join(staging, 'data'), passwordFile: stagedPassword });
  try {
    renameSync(join(staging, 'data'), dataDirectory);
  } catch {
    throw new EmbeddedPostgresError(
      `${dataDirectory} is in the way: it is not empty and holds no database.`,
    );
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return password;
}

/** Others may pass through it but not list it; files inside carry their own, stricter modes. */
function createEnterableDirectory(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { recursive: true });
  // Not as mkdir's mode: that would be cut by the umask.
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
      `${passwordFile} cannot be read, so nobody can log in to the database in ${dataDirectory}; ` +
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
      // The same sort order on every machine, whatever locales it has.
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
      `The database could not be made: ${error?.message ?? stderr.trim()}`,
    );
  }
}
