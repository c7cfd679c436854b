import { spawnSync } from 'node:child_process';
import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** `nobody` on Debian and the kernel's overflow uid: an account that owns nothing of value. */
const UNPRIVILEGED_ID = 65_534;

/** The account that a server program runs as; empty where it runs as the current user. */
export interface ServerIdentity {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root, so root drops to an account without rights. An existing data directory
 * decides otherwise: the server must run as its owner, for example the user who made it before a start with sudo.
 */
export function chooseServerIdentity(dataDirectory?: string): ServerIdentity {
  if (process.getuid?.() !== 0) return {};
  const owner =
    dataDirectory === undefined ? undefined : statSync(dataDirectory, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID };
}

/** Whether the account can traverse to the path, or to its nearest ancestor that exists (a 0700 home stops it). */
export function canReach(path: string, identity: ServerIdentity): boolean {
  let existing = path;
  while (lstatSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  return spawnSync('test', ['-x', existing], { ...identity, cwd: '/' }).status === 0;
}
