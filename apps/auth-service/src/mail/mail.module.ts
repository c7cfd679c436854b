import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { MailQueueRepository } from './delivery/mail-queue.repository.js';
import { MailSender } from './delivery/mail-sender.js';
import { MailWorker } from './delivery/mail-worker.js';
import { MailEventController } from './events/mail-event.controller.js';
import { MailEventRepository } from './events/mail-event.repository.js';
import { MailEventService } from './events/mail-event.service.js';
import { MailContents } from './outbox/mail-content.js';
import { MailOutbox } from './outbox/mail-outbox.js';
import { MailOutboxRepository } from './outbox/mail-outbox.repository.js';
import { MailWake } from './outbox/mail-wake.js';
import { MailSettingsController } from './settings/mail-settings.controller.js';
import { MailSettingsRepository } from './settings/mail-settings.repository.js';
import { MailSettingsService } from './settings/mail-settings.service.js';
import { AddressSuppression } from './suppression/address-suppression.js';
import { SuppressionController } from './suppression/suppression.controller.js';
import { SuppressionRepository } from './suppression/suppression.repository.js';
import { SuppressionService } from './suppression/suppression.service.js';
import { MailRenderer } from './templates/mail-renderer.js';
import { MailTemplateController } from './tenant-templates/mail-template.controller.js';
import { MailTemplateRepository } from './tenant-templates/mail-template.repository.js';
import { MailTemplateService } from './tenant-templates/mail-template.service.js';
import { ServerAddresses } from './transports/server-addresses.js';
import { TenantTransport } from './transports/tenant-transport.js';

/** Mails to users: the outbox that other modules add to, its workers, and what a tenant can set. */
@Module({
  imports: [ProtectionModule],
  controllers: [
    MailEventController,
    MailSettingsController,
    MailTemplateController,
    SuppressionController,
  ],
  providers: [
    AddressSuppression,
    MailContents,
    MailEventRepository,
    MailEventService,
    MailOutbox,
    MailOutboxRepository,
    MailQueueRepository,
    MailRenderer,
    MailSender,
    MailSettingsRepository,
    MailSettingsService,
    MailTemplateRepository,
    MailTemplateService,
    MailWake,
    MailWorker,
    ServerAddresses,
    SuppressionRepository,
    SuppressionService,
    TenantTransport,
  ],
  exports: [MailOutbox],
})
export class MailModule {}
