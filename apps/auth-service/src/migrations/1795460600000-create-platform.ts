import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ACCESS_RECORDS } from './create-platform/access-records.js';
import { OPERATORS } from './create-platform/operators.js';
import { PLATFORM_TENANT } from './create-platform/platform-tenant.js';
import { SCHEDULED_JOBS } from './create-platform/scheduled-jobs.js';
import { SERVICE_CLIENTS } from './create-platform/service-clients.js';
import { TENANT_PURGE } from './create-platform/tenant-purge.js';

const PARTS = [
  PLATFORM_TENANT,
  OPERATORS,
  SERVICE_CLIENTS,
  TENANT_PURGE,
  ACCESS_RECORDS,
  SCHEDULED_JOBS,
];

/** The platform: its operators and service clients, the purge of tenants, and scheduled jobs. */
export class CreatePlatform1795460600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
