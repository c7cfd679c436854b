import { createParts, removeParts } from '@poc-tracker/tenancy';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { AUDIT_LOG } from './create-audit/audit-log.js';
import { AUDIT_PRUNING } from './create-audit/audit-pruning.js';
import { HASH_CHAIN } from './create-audit/hash-chain.js';
import { RETENTION } from './create-audit/retention.js';
import { SECURITY_EVENTS } from './create-audit/security-events.js';

const PARTS = [AUDIT_LOG, SECURITY_EVENTS, HASH_CHAIN, RETENTION, AUDIT_PRUNING];

/**
 * The audit log, the security events, the hash chain over both, and the deletion after the retention period. Some functions use
 * what later migrations create: PostgreSQL checks the body of a plpgsql function when it runs, and the migrations are applied
 * all or none.
 */
export class CreateAudit1795460500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createParts(runner, PARTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await removeParts(runner, PARTS);
  }
}
