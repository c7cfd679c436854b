import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditLogService } from './audit-log.service.js';
import { ChainWriter } from './chain/chain-writer.js';
import { SecurityEvents } from './security-events.js';
import { AuditExport } from './audit-export.js';

/** The trail of a tenant: every module records what it does, a job seals it, the tenant's own admins read it. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [SecurityEvents, ChainWriter, AuditLogService, AuditExport],
  exports: [SecurityEvents],
})
export class AuditModule {}
