import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseUrls, type DatabaseUrls, type LoginPasswords } from '@poc-tracker/embedded';

/** Name of the embedded database. */
export const DATABASE = 'poc_tracker';

/** What `npm start` keeps its keys in, below its data directory; the bundle is there after a change of keys only. */
export const KEY_FILES = { privateFile: 'jwt-private-key.pem', publicFile: 'jwt-public-keys.pem' };

/** Line 4 of postmaster.pid is the server's port; see PostgreSQL's src/include/utils/pidfile.h. */
const PORT_LINE = 3;

/**
 * The logins of the database that a running `npm start` keeps in `dataDirectory`, for the command line beside it.
 * Undefined while nothing runs there, or for a user who may not read it.
 */
export function findRunningStandalone(dataDirectory: string): DatabaseUrls | undefined {
  const server = join(dataDirectory, 'postgres');
  if (!existsSync(`${server}.lock`)) return undefined;
  try {
    const port = readFileSync(join(server, 'postmaster.pid'), 'utf8').split('\n')[PORT_LINE];
    const logins = readFileSync(join(dataDirectory, 'database-logins.json'), 'utf8');
    const base = `postgres://127.0.0.1:${Number(port)}`;
    return databaseUrls(base, DATABASE, JSON.parse(logins) as LoginPasswords);
  } catch {
    return undefined;
  }
}
