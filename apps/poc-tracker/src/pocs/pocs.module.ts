import { Module } from '@nestjs/common';
import { StorageModule } from '../storage/storage.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { CollaboratorController } from './collaborators/collaborator.controller.js';
import { CollaboratorRepository } from './collaborators/collaborator.repository.js';
import { CollaboratorService } from './collaborators/collaborator.service.js';
import { PocReportRepository } from './poc-report.repository.js';
import { PocReportService } from './poc-report.service.js';
import { PocController } from './poc.controller.js';
import { PocRepository } from './poc.repository.js';
import { PocService } from './poc.service.js';
import { PublicPocController } from './public-poc.controller.js';

/** POCs and their collaborators. */
@Module({
  imports: [TenantModule, StorageModule],
  controllers: [PocController, CollaboratorController, PublicPocController],
  providers: [
    PocRepository,
    PocService,
    PocReportRepository,
    PocReportService,
    CollaboratorRepository,
    CollaboratorService,
  ],
  exports: [PocService],
})
export class PocsModule {}
