import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { REVOCATION_FEED } from './create-sessions/revocation-feed.js';
import { SESSION_CHANGES } from './create-sessions/session-changes.js';
import { USER_SESSIONS } from './create-sessions/user-sessions.js';

const PARTS = [USER_SESSIONS, REVOCATION_FEED, SESSION_CHANGES];

/** Sessions, and the feed that reports when one ends or its rights change. */
export class CreateSessions1795460300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
