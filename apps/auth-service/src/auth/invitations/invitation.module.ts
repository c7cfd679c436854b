import { Module } from '@nestjs/common';
import { PublicAddress } from '../../config/public-address.js';
import { MailModule } from '../../mail/mail.module.js';
import { UserModule } from '../../user/user.module.js';
import { InvitationAcceptance } from './invitation-acceptance.service.js';
import { InvitationLinkController } from './links/invitation-link.controller.js';
import { InvitationLinkRepository } from './links/invitation-link.repository.js';
import { InvitationLinkService } from './links/invitation-link.service.js';
import { InvitationTokenRepository } from './invitation-token.repository.js';
import { InvitationController } from './invitation.controller.js';
import { InvitationRepository } from './invitation.repository.js';
import { InvitationService } from './invitation.service.js';

/** Invitations for one user and invitation links for many. Registration accepts them. */
@Module({
  imports: [MailModule, UserModule],
  controllers: [InvitationController, InvitationLinkController],
  providers: [
    InvitationAcceptance,
    InvitationLinkRepository,
    InvitationLinkService,
    InvitationRepository,
    InvitationService,
    InvitationTokenRepository,
    PublicAddress,
  ],
  exports: [InvitationAcceptance],
})
export class InvitationModule {}
