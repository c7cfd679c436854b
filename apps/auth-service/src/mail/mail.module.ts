import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { MailQueueRepository } from './delivery/mail-queue.repository.js';
import { MailSender } from './delivery/mail-sender.js';
import { MailWorker } from './delivery/mail-worker.js';
import { MailContents } from './outbox/mail-content.js';
import { MailOutbox } from './outbox/mail-outbox.js';
import { MailOutboxRepository } from './outbox/mail-outbox.repository.js';
import { MailWake } from './outbox/mail-wake.js';
import { MailRenderer } from './templates/mail-renderer.js';
import { ServerAddresses } from './transports/server-addresses.js';
import { TenantTransport } from './transports/tenant-transport.js';

/** Mails to users: the outbox that other modules add to. */
@Module({
  imports: [ProtectionModule],
  providers: [
    MailContents,
    MailOutbox,
    MailOutboxRepository,
    MailQueueRepository,
    MailRenderer,
    MailSender,
    MailWake,
    MailWorker,
    ServerAddresses,
    TenantTransport,
  ],
  exports: [MailOutbox],
})
export class MailModule {}
