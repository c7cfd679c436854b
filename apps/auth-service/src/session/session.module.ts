import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TenantModule } from '../tenant/tenant.module.js';
import { Clock } from './clock.js';
import { RevokedSessionMemory } from './revoked-session.memory.js';
import { SessionRevocationFeed } from './session-revocation.feed.js';
import { SessionController } from './session.controller.js';
import { SessionRepository } from './session.repository.js';
import { SessionService } from './session.service.js';
import { TokenIssuer } from './token-issuer.js';

/** Sessions and their tokens. */
@Module({
  imports: [TenantModule, JwtModule.register({})],
  controllers: [SessionController],
  providers: [
    Clock,
    RevokedSessionMemory,
    SessionRepository,
    SessionRevocationFeed,
    SessionService,
    TokenIssuer,
  ],
  exports: [Clock, SessionRevocationFeed, SessionService, TokenIssuer],
})
export class SessionModule {}
