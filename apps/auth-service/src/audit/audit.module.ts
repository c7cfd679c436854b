import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { AuditLogService } from './audit-log.service.js';
import { ChainWriter } from './chain/chain-writer.js';
import { SecurityEvents } from './security-events.js';
import { AuditExport } from './audit-export.js';

/** The audit log: every module records its events, a job appends them to the hash chain, tenant admins read them. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [SecurityEvents, ChainWriter, AuditLogRepository, AuditLogService, AuditExport],
  exports: [SecurityEvents],
})
export class AuditModule {}
