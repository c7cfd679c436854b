import { TRACKER_MIGRATIONS } from '../../../poc-tracker/src/migrations/index.js';
import { CreateRolesAndContext1795460000000 } from './1795460000000-create-roles-and-context.js';
import { CreateTenants1795460100000 } from './1795460100000-create-tenants.js';
import { CreateUsers1795460200000 } from './1795460200000-create-users.js';
import { CreateSessions1795460300000 } from './1795460300000-create-sessions.js';
import { CreateInvitations1795460400000 } from './1795460400000-create-invitations.js';
import { CreateAudit1795460500000 } from './1795460500000-create-audit.js';
import { CreatePlatform1795460600000 } from './1795460600000-create-platform.js';
import { CreateMail1795460650000 } from './1795460650000-create-mail.js';
import { CreateFactors1795460660000 } from './1795460660000-create-factors.js';
import { CreateLoginChallenges1795460680000 } from './1795460680000-create-login-challenges.js';
import { CreateOneTimeTokens1795460690000 } from './1795460690000-create-one-time-tokens.js';

/** The migrations of this service, oldest first. A list and not a glob, because the service is bundled into one file. */
const SERVICE_MIGRATIONS = [
  CreateRolesAndContext1795460000000,
  CreateTenants1795460100000,
  CreateUsers1795460200000,
  CreateSessions1795460300000,
  CreateInvitations1795460400000,
  CreateAudit1795460500000,
  CreatePlatform1795460600000,
  CreateMail1795460650000,
  CreateFactors1795460660000,
  CreateLoginChallenges1795460680000,
  CreateOneTimeTokens1795460690000,
];

/** Every migration of the database, oldest first. The services share one database, which has one history. */
export const MIGRATIONS = [...SERVICE_MIGRATIONS, ...TRACKER_MIGRATIONS];
