import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { TENANT_DOMAINS } from './create-tenants/tenant-domains.js';
import { TENANT_RESOLUTION } from './create-tenants/tenant-resolution.js';
import { TENANT_SEARCH } from './create-tenants/tenant-search.js';
import { TENANT_SETTINGS } from './create-tenants/tenant-settings.js';
import { TENANT_STATUS } from './create-tenants/tenant-status.js';
import { TENANT_USAGE } from './create-tenants/tenant-usage.js';
import { TENANTS } from './create-tenants/tenants.js';
import { USAGE_EVENTS } from './create-tenants/usage-events.js';

const PARTS = [
  TENANTS,
  TENANT_SEARCH,
  TENANT_STATUS,
  TENANT_SETTINGS,
  TENANT_DOMAINS,
  TENANT_RESOLUTION,
  TENANT_USAGE,
  USAGE_EVENTS,
];

/**
 * Tenants: their settings, domains, limits and usage. Some functions use what later migrations create: PostgreSQL checks the
 * body of a plpgsql function when it runs, and the migrations are applied all or none.
 */
export class CreateTenants1795460100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
