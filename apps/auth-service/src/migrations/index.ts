import { CreateRolesAndContext1795460000000 } from './1795460000000-create-roles-and-context.js';
import { CreateTenants1795460100000 } from './1795460100000-create-tenants.js';
import { CreateUsers1795460200000 } from './1795460200000-create-users.js';
import { CreateSessionsAndInvites1795460300000 } from './1795460300000-create-sessions-and-invites.js';
import { CreateAuditLog1795460400000 } from './1795460400000-create-audit-log.js';
import { CreatePocs1795460500000 } from './1795460500000-create-pocs.js';
import { CreatePlatformTenant1795470000000 } from './1795470000000-create-platform-tenant.js';
import { CreateTenantLifecycle1795470100000 } from './1795470100000-create-tenant-lifecycle.js';
import { RequirePasswordChange1795470200000 } from './1795470200000-require-password-change.js';
import { CreateTenantRoles1795470210000 } from './1795470210000-create-tenant-roles.js';
import { ExtendInvites1795470300000 } from './1795470300000-extend-invites.js';
import { CreateUsageEvents1795470400000 } from './1795470400000-create-usage-events.js';
import { CreateAuditChain1795470500000 } from './1795470500000-create-audit-chain.js';
import { RecordLimitEvents1795470550000 } from './1795470550000-record-limit-events.js';
import { CreateRevocationFeed1795470600000 } from './1795470600000-create-revocation-feed.js';
import { TRACKER_MIGRATIONS } from '../../../poc-tracker/src/migrations/index.js';

/**
 * Every migration, oldest first; those of the tracker last, because one database has one history. A list and not a glob:
 * the service is bundled into one file.
 */
export const MIGRATIONS = [
  CreateRolesAndContext1795460000000,
  CreateTenants1795460100000,
  CreateUsers1795460200000,
  CreateSessionsAndInvites1795460300000,
  CreateAuditLog1795460400000,
  CreatePocs1795460500000,
  CreatePlatformTenant1795470000000,
  CreateTenantLifecycle1795470100000,
  RequirePasswordChange1795470200000,
  CreateTenantRoles1795470210000,
  ExtendInvites1795470300000,
  CreateUsageEvents1795470400000,
  CreateAuditChain1795470500000,
  RecordLimitEvents1795470550000,
  CreateRevocationFeed1795470600000,
  ...TRACKER_MIGRATIONS,
];
