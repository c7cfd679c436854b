import { Module } from '@nestjs/common';
import { ProtectionModule } from '../protection/protection.module.js';
import { MailContents } from './outbox/mail-content.js';
import { MailOutbox } from './outbox/mail-outbox.js';
import { MailOutboxRepository } from './outbox/mail-outbox.repository.js';
import { MailWake } from './outbox/mail-wake.js';

/** Mails to users: the outbox that other modules add to. */
@Module({
  imports: [ProtectionModule],
  providers: [MailContents, MailOutbox, MailOutboxRepository, MailWake],
  exports: [MailOutbox],
})
export class MailModule {}
