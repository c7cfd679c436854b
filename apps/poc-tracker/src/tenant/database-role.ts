import type { Principal } from '@poc-tracker/auth-kit';
import type { Role } from '@poc-tracker/contracts';

/**
 * What a person is to the policies of the tracker's tables. They know three ranks: who reads, who also writes what is
 * theirs, and who writes everything. A person's permissions decide, because a tenant may give them beside the role or
 * by a role of its own making. `admin` is nobody: it is the service's own work.
 */
export function databaseRole({ permissions }: Pick<Principal, 'permissions'>): Role {
  if (permissions.includes('manage_pocs')) return 'manager';
  return permissions.includes('create_pocs') ? 'user' : 'viewer';
}
