import { createParts, removeParts, TRACKER_ROLE } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { POC_ACCESS_EVENTS } from './create-poc-tracker/poc-access-events.js';
import { POC_CHANGES } from './create-poc-tracker/poc-changes.js';
import { POC_COLLABORATORS } from './create-poc-tracker/poc-collaborators.js';
import { POC_FILES } from './create-poc-tracker/poc-files.js';
import { POCS } from './create-poc-tracker/pocs.js';
import { TRACKER_LOGIN } from './create-poc-tracker/tracker-login.js';

/* A role belongs to the whole cluster, where another database may use it: it is created if missing and never dropped. */
const ROLE = `
  DO $$ BEGIN
    CREATE ROLE ${TRACKER_ROLE} NOLOGIN;
  EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
  END $$`;

const PARTS = [POCS, POC_FILES, POC_COLLABORATORS, POC_ACCESS_EVENTS, POC_CHANGES, TRACKER_LOGIN];

/** The tracker: POCs, their files and collaborators, and the rights of the tracker's login. */
export class CreatePocTracker1795460700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ROLE);
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
