import { Module } from '@nestjs/common';
import { ProtectionModule } from '../../protection/protection.module.js';
import { UserModule } from '../../user/user.module.js';
import { MailRequestRepository } from './mail-request.repository.js';
import { MailRequests } from './mail-requests.js';

/** Requests for a mail that are answered before their work is done. */
@Module({
  imports: [ProtectionModule, UserModule],
  providers: [MailRequestRepository, MailRequests],
  exports: [MailRequests],
})
export class MailRequestModule {}
