import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { PASSWORD_HISTORY } from './create-users/password-history.js';
import { TENANT_ROLE_POLICIES, TENANT_ROLES } from './create-users/tenant-roles.js';
import { USER_RIGHTS } from './create-users/user-rights.js';
import { USERS } from './create-users/users.js';

const PARTS = [TENANT_ROLES, USERS, TENANT_ROLE_POLICIES, USER_RIGHTS, PASSWORD_HISTORY];

/**
 * Users: their custom roles, the search, the look-up at a log-in, the rules for changes of rights, and former passwords. Some
 * functions read tables of later migrations: PostgreSQL checks the body of a plpgsql function when it runs, and the migrations
 * are applied all or none.
 */
export class CreateUsers1795460200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
