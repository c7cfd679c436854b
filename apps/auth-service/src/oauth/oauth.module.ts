import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { ClientAuthentication } from './clients/client-authentication.js';
import { ClientRepository } from './clients/client.repository.js';
import { ClientVerifier } from './clients/client.verifier.js';
import { IntrospectionController } from './introspection.controller.js';
import { IntrospectionService } from './introspection.service.js';
import { RevocationStreamController } from './revocation-stream.controller.js';
import { RevocationStreamService } from './revocation-stream.service.js';
import { TokenReader } from './token-reader.js';
import { TokenRevocationController } from './token-revocation.controller.js';
import { TokenRevocationService } from './token-revocation.service.js';

/** Introspection, revocation and the revocation stream, for other services. */
@Module({
  imports: [SessionModule],
  controllers: [IntrospectionController, RevocationStreamController, TokenRevocationController],
  providers: [
    ClientAuthentication,
    ClientVerifier,
    ClientRepository,
    IntrospectionService,
    RevocationStreamService,
    TokenReader,
    TokenRevocationService,
  ],
})
export class OauthModule {}
