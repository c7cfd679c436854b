import type { MigrationInterface, QueryRunner } from 'typeorm';
import { REVOCATION_FEED } from './create-sessions/revocation-feed.js';
import { USER_SESSIONS } from './create-sessions/user-sessions.js';

const PARTS = [USER_SESSIONS, REVOCATION_FEED];

/** Sessions, and the feed that reports when one ends or its rights change. */
export class CreateSessions1795460300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const { up } of PARTS) await runner.query(up.join(';\n'));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { down } of [...PARTS].reverse()) await runner.query(down.join(';\n'));
  }
}
