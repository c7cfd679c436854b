import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { RECOVERY_CODES } from './create-factors/recovery-codes.js';
import { SPENT_CHALLENGES } from './create-factors/spent-challenges.js';
import { USER_FACTORS } from './create-factors/user-factors.js';

const PARTS = [USER_FACTORS, RECOVERY_CODES, SPENT_CHALLENGES];

/** Second factors of users: authenticator apps, passkeys and recovery codes. */
export class CreateFactors1795460660000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
