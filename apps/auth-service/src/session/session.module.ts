import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { ProtectionModule } from '../protection/protection.module.js';
import { TenantModule } from '../tenant/tenant.module.js';
import { UserModule } from '../user/user.module.js';
import { Clock } from './clock.js';
import { SessionMirrorRepository } from './mirror/session-mirror.repository.js';
import { SessionMirror } from './mirror/session-mirror.js';
import { SessionUses } from './mirror/session-uses.js';
import { LoginHistoryRepository } from './login-history/login-history.repository.js';
import { LoginRisk } from './login-history/login-risk.js';
import { RevocationPruning } from './pruning/revocation-pruning.js';
import { RevocationPruningRepository } from './pruning/revocation-pruning.repository.js';
import { SessionRevocationService } from './session-revocation.service.js';
import { SessionController } from './session.controller.js';
import { SessionRepository } from './session.repository.js';
import { SessionService } from './session.service.js';
import { ChallengeTokens } from './tokens/challenge-tokens.js';
import { JwksController } from './tokens/jwks.controller.js';
import { ReauthenticationService } from './tokens/reauthentication.service.js';
import { RefreshService } from './tokens/refresh.service.js';
import { TokenIssuer } from './tokens/token-issuer.js';

/** Sessions and their tokens, and the risk of a log-in by the sessions before it. */
@Module({
  imports: [ProtectionModule, TenantModule, UserModule, JwtModule.register({})],
  controllers: [SessionController, JwksController],
  providers: [
    ChallengeTokens,
    Clock,
    LoginHistoryRepository,
    LoginRisk,
    ReauthenticationService,
    RefreshService,
    RevocationPruning,
    RevocationPruningRepository,
    SessionMirror,
    SessionMirrorRepository,
    SessionRepository,
    SessionRevocationService,
    SessionService,
    SessionUses,
    TokenIssuer,
  ],
  exports: [
    ChallengeTokens,
    Clock,
    LoginRisk,
    ReauthenticationService,
    RefreshService,
    SessionRevocationService,
    SessionService,
    TokenIssuer,
  ],
})
export class SessionModule {}
