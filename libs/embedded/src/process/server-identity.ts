import { spawnSync } from 'node:child_process';
import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** `nobody` on Debian and the kernel's overflow uid, an account that owns nothing. */
const UNPRIVILEGED_ID = 65_534;

/** The account that a server runs as; empty for the current user. */
export interface ServerIdentity {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root, so root switches to an unprivileged account, or to the owner of an existing data
 * directory, for example the user who created it before a start with sudo.
 */
export function chooseServerIdentity(dataDirectory?: string): ServerIdentity {
  if (process.getuid?.() !== 0) return {};
  const owner =
    dataDirectory === undefined ? undefined : statSync(dataDirectory, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID };
}

/** Whether the account can traverse to the path, or to its nearest existing ancestor. */
export function canReach(path: string, identity: ServerIdentity): boolean {
  let existing = path;
  while (lstatSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  return spawnSync('test', ['-x', existing], { ...identity, cwd: '/' }).status === 0;
}
