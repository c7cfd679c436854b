import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { MAIL_REQUESTS } from './create-one-time-tokens/mail-requests.js';
import { ONE_TIME_TOKENS } from './create-one-time-tokens/one-time-tokens.js';
import { PENDING_REGISTRATIONS } from './create-one-time-tokens/pending-registrations.js';

const PARTS = [ONE_TIME_TOKENS, PENDING_REGISTRATIONS, MAIL_REQUESTS];

/** What is sent by mail to prove an address or to get back into an account, and used once. */
export class CreateOneTimeTokens1795460690000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
