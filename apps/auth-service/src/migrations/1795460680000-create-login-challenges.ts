import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { FACTOR_KINDS } from './create-login-challenges/factor-kinds.js';
import { LOGIN_CHALLENGES } from './create-login-challenges/login-challenges.js';
import { REMEMBERED_DEVICES } from './create-login-challenges/remembered-devices.js';

const PARTS = [LOGIN_CHALLENGES, REMEMBERED_DEVICES, FACTOR_KINDS];

/** Log-ins that wait for a second factor, and devices on which it is not asked again. */
export class CreateLoginChallenges1795460680000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
