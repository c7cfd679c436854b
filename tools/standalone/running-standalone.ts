import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseUrls, type DatabaseUrls, type LoginPasswords } from '@poc-tracker/embedded';

/** Name of the embedded database. */
export const DATABASE = 'poc_tracker';

/** The key files of `npm start`, relative to its data directory. The bundle exists only after a key rotation. */
export const KEY_FILES = { privateFile: 'jwt-private-key.pem', publicFile: 'jwt-public-keys.pem' };

/** The file of `npm start` with the keys that encrypt secrets in its database, relative to its data directory. */
export const DATA_KEYS_FILE = 'data-keys';

/** Holds the pattern of the tenants' addresses, so that the command line shows those of the running service. */
const PUBLIC_URL_FILE = 'public-url';

/** What the command line needs of a running `npm start`. */
export interface RunningStandalone extends DatabaseUrls {
  /** The pattern of the tenants' addresses, as in PUBLIC_URL. */
  readonly publicUrl: string;
}

/** Line 4 of postmaster.pid is the server's port; see PostgreSQL's src/include/utils/pidfile.h. */
const PORT_LINE = 3;

/**
 * The database logins and the public address of an `npm start` that runs on `dataDirectory`, for the command line.
 * Undefined if none runs there, or if this user cannot read its files.
 */
export function findRunningStandalone(dataDirectory: string): RunningStandalone | undefined {
  const server = join(dataDirectory, 'postgres');
  if (!existsSync(`${server}.lock`)) return undefined;
  try {
    const port = readFileSync(join(server, 'postmaster.pid'), 'utf8').split('\n')[PORT_LINE];
    const logins = readFileSync(join(dataDirectory, 'database-logins.json'), 'utf8');
    const base = `postgres://127.0.0.1:${Number(port)}`;
    const publicUrl = readFileSync(join(dataDirectory, PUBLIC_URL_FILE), 'utf8');
    return { ...databaseUrls(base, DATABASE, JSON.parse(logins) as LoginPasswords), publicUrl };
  } catch {
    return undefined;
  }
}

/** Keeps the address for {@link findRunningStandalone}. */
export function writePublicUrl(dataDirectory: string, publicUrl: string): void {
  writeFileSync(join(dataDirectory, PUBLIC_URL_FILE), publicUrl, { mode: 0o600 });
}
