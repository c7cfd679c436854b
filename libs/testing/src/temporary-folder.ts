import { canReach, type ServerIdentity } from '@poc-tracker/embedded';
import { chmodSync, chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Creates a folder that belongs to the account of a server, in a place that the account can access. */
export function createTemporaryFolder(purpose: string, identity: ServerIdentity): string {
  // TMPDIR may be in a home folder that other accounts cannot access.
  const root = canReach(tmpdir(), identity) ? tmpdir() : '/var/tmp';
  const folder = mkdtempSync(join(root, `poc-tracker-${purpose}-`));
  if (identity.uid !== undefined && identity.gid !== undefined)
    chownSync(folder, identity.uid, identity.gid);
  // The account that creates the files may be another one, and enters a folder of its own inside.
  chmodSync(folder, 0o711);
  return folder;
}
