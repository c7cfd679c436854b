import { Module } from '@nestjs/common';
import { PublicAddress } from '../config/public-address.js';
import { ProtectionModule } from '../protection/protection.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { UserModule } from '../user/user.module.js';
import { EnrolledSessionRepository } from './enrolled-session.repository.js';
import { FactorNotices } from './factor-notices.js';
import { FactorVerificationService } from './factor-verification.service.js';
import { FactorController } from './factor.controller.js';
import { FactorRepository } from './factor.repository.js';
import { FactorService } from './factor.service.js';
import { PasskeyChallenges } from './passkeys/passkey-challenges.js';
import { PasskeyController } from './passkeys/passkey.controller.js';
import { PasskeyService } from './passkeys/passkey.service.js';
import { RelatedOriginsController } from './passkeys/related-origins.controller.js';
import { RelyingParty } from './passkeys/relying-party.js';
import { RecoveryCodeRepository } from './recovery/recovery-code.repository.js';
import { RecoveryCodeService } from './recovery/recovery-code.service.js';
import { TotpController } from './totp/totp.controller.js';
import { TotpService } from './totp/totp.service.js';

/** Second factors of users: authenticator apps, passkeys and recovery codes. */
@Module({
  imports: [ProtectionModule, TenantModule, UserModule],
  // The route `factors/:id` comes last: a path that names a kind is no id.
  controllers: [TotpController, PasskeyController, RelatedOriginsController, FactorController],
  providers: [
    EnrolledSessionRepository,
    FactorNotices,
    FactorRepository,
    FactorService,
    FactorVerificationService,
    PasskeyChallenges,
    PasskeyService,
    PublicAddress,
    RecoveryCodeRepository,
    RecoveryCodeService,
    RelyingParty,
    TotpService,
  ],
  exports: [FactorService, FactorVerificationService],
})
export class FactorModule {}
