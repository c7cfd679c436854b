import { spawnSync } from 'node:child_process';
import { existsSync, lchownSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The first id of the account that root's servers run as: PostgreSQL's port with a 5 in front, which no distribution
 * assigns (Debian reserves 30000 to 59999). It needs no entry in /etc/passwd.
 */
const FIRST_ID = 55_432;

/** `nobody` on Debian and the kernel's overflow uid. Other services run as it, so a server must not. */
const SHARED_ID = 65_534;

/** The account that a server runs as; empty for the current user. */
export interface ServerIdentity {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root, so root switches to an account of its own, or to the owner of an existing data
 * directory, for example the user who created it before a start with sudo.
 */
export function chooseServerIdentity(dataDirectory?: string): ServerIdentity {
  if (process.getuid?.() !== 0) return {};
  const owner =
    dataDirectory === undefined ? undefined : statSync(dataDirectory, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0 && owner.uid !== SHARED_ID)
    return { uid: owner.uid, gid: owner.gid };
  const id = findFreeId(namedIds('/etc/passwd'), namedIds('/etc/group'));
  return { uid: id, gid: id };
}

/**
 * The account that creates the server's files. initdb refuses an account without a name, so it runs with the uid of the
 * shared account and the gid of the server: other processes of the shared account can neither enter a folder of that group
 * nor trace a process of it.
 */
export function identityOfInitdb(identity: ServerIdentity): ServerIdentity {
  if (identity.uid === undefined || namedIds('/etc/passwd').has(identity.uid)) return identity;
  return { ...identity, uid: SHARED_ID };
}

/** The first id, from FIRST_ID on, that belongs to no user and no group. */
export function findFreeId(...taken: ReadonlySet<number>[]): number {
  let id = FIRST_ID;
  while (taken.some((ids) => ids.has(id))) id += 1;
  return id;
}

/** The ids in a file of users or of groups (passwd(5), group(5)); none if there is no such file. */
function namedIds(file: string): Set<number> {
  if (!existsSync(file)) return new Set();
  const lines = readFileSync(file, 'utf8').split('\n');
  return new Set(lines.map((line) => Number(line.split(':')[2])));
}

/** Gives files of the shared account, under which initdb runs and earlier versions ran the server, to the server's own. */
export function takeOverFiles(path: string, { uid, gid }: ServerIdentity): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.uid !== SHARED_ID || uid === undefined || gid === undefined) return;
  if (found.isDirectory())
    for (const name of readdirSync(path)) takeOverFiles(join(path, name), { uid, gid });
  // After its content, so that an interrupted run is continued. Not chown, which follows links.
  lchownSync(path, uid, gid);
}

/** Whether the account can traverse to the path, or to its nearest existing ancestor. */
export function canReach(path: string, identity: ServerIdentity): boolean {
  let existing = path;
  while (lstatSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  return spawnSync('test', ['-x', existing], { ...identity, cwd: '/' }).status === 0;
}
