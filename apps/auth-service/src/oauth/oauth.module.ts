import { Module } from '@nestjs/common';
import { SessionModule } from '../session/session.module.js';
import { ClientAuthentication } from './clients/client-authentication.js';
import { ClientVerifier } from './clients/client.verifier.js';
import { IntrospectionController } from './introspection.controller.js';
import { IntrospectionService } from './introspection.service.js';
import { RevocationStreamController } from './revocation-stream.controller.js';
import { RevocationStreams } from './revocation-stream.service.js';
import { TokenReader } from './token-reader.js';
import { TokenRevocationController } from './token-revocation.controller.js';
import { TokenRevocationService } from './token-revocation.service.js';

/** What other services ask about tokens. */
@Module({
  imports: [SessionModule],
  controllers: [IntrospectionController, RevocationStreamController, TokenRevocationController],
  providers: [
    ClientAuthentication,
    ClientVerifier,
    IntrospectionService,
    RevocationStreams,
    TokenReader,
    TokenRevocationService,
  ],
})
export class OauthModule {}
