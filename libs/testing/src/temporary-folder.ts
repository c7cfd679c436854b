import { canReach, type ServerIdentity } from '@poc-tracker/embedded';
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder that belongs to the account a server runs as, in a place that the account can enter. */
export function createTemporaryFolder(purpose: string, identity: ServerIdentity): string {
  // TMPDIR may lie in a home that is closed to others.
  const root = canReach(tmpdir(), identity) ? tmpdir() : '/var/tmp';
  const folder = mkdtempSync(join(root, `poc-tracker-${purpose}-`));
  if (identity.uid !== undefined && identity.gid !== undefined)
    chownSync(folder, identity.uid, identity.gid);
  return folder;
}
