import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditTrail } from './audit-trail.js';
import { AuditSealer } from './chain/audit-sealer.js';
import { SecurityEvents } from './security-events.js';
import { TrailExport } from './trail-export.js';

/** The trail of a tenant: every module records what it does, a job seals it, the tenant's own admins read it. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [SecurityEvents, AuditSealer, AuditTrail, TrailExport],
  exports: [SecurityEvents],
})
export class AuditModule {}
