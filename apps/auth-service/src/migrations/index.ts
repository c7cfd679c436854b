import { CreateRolesAndContext1795460000000 } from './1795460000000-create-roles-and-context.js';
import { CreateTenants1795460100000 } from './1795460100000-create-tenants.js';
import { CreateUsers1795460200000 } from './1795460200000-create-users.js';
import { CreateSessionsAndInvites1795460300000 } from './1795460300000-create-sessions-and-invites.js';
import { CreateAuditLog1795460400000 } from './1795460400000-create-audit-log.js';
import { CreatePocs1795460500000 } from './1795460500000-create-pocs.js';

/** Every migration, oldest first. A list and not a glob: the service is bundled into one file. */
export const MIGRATIONS = [
  CreateRolesAndContext1795460000000,
  CreateTenants1795460100000,
  CreateUsers1795460200000,
  CreateSessionsAndInvites1795460300000,
  CreateAuditLog1795460400000,
  CreatePocs1795460500000,
];
