import { Module } from '@nestjs/common';
import { PublicAddress } from '../../config/public-address.js';
import { UserModule } from '../../user/user.module.js';
import { AccountLinks } from './account-links.js';
import { OneTimeTokenPruning } from './one-time-token.pruning.js';
import { OneTimeTokenPruningRepository } from './one-time-token-pruning.repository.js';
import { OneTimeTokenRepository } from './one-time-token.repository.js';
import { OneTimeTokenService } from './one-time-token.service.js';

/** What is sent by mail and used once. */
@Module({
  imports: [UserModule],
  providers: [
    AccountLinks,
    OneTimeTokenPruning,
    OneTimeTokenPruningRepository,
    OneTimeTokenRepository,
    OneTimeTokenService,
    PublicAddress,
  ],
  exports: [AccountLinks, OneTimeTokenService, PublicAddress],
})
export class OneTimeTokenModule {}
