import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { JwtAuthGuard } from './policy/jwt-auth.guard.js';
import { JwtStrategy } from './policy/jwt.strategy.js';
import { PolicyGuard } from './policy/policy.guard.js';
import { PrincipalFinder } from './policy/principal-finder.js';
import { RoutePolicyReader } from './policy/route-policy.reader.js';
import type { SessionStatusProvider } from './session-status/session-status.provider.js';
import { SessionStatusService } from './session-status/session-status.service.js';
import type { ExpectedParties } from './token/access-token.claims.js';
import { AccessTokenVerifier } from './token/access-token.verifier.js';
import type { JwksKeySource } from './token/jwks.key-source.js';
import { KeyRing } from './token/key-ring.js';

export interface AuthKitOptions extends ExpectedParties {
  /** The public keys, or where the issuer publishes them. */
  keys: KeyRing | JwksKeySource;
  /** Provides the status of sessions and the current rights of their users. */
  sessionStatus: SessionStatusProvider;
  /** Modules that the factory of `sessionStatus` needs, unless they are global. */
  imports?: NonNullable<ModuleMetadata['imports']>;
}

/**
 * Authenticates and authorizes every request by the policy of its route. The application registers the guards itself, in
 * this order, because it may put a guard of its own between them:
 *
 *     providers: [
 *       { provide: APP_GUARD, useExisting: JwtAuthGuard },
 *       { provide: APP_GUARD, useExisting: PolicyGuard },
 *     ]
 */
@Module({})
export class AuthKitModule {
  static forRoot(options: AuthKitOptions): DynamicModule {
    const ring =
      options.keys instanceof KeyRing ? [{ provide: KeyRing, useValue: options.keys }] : [];
    return {
      module: AuthKitModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        ...ring,
        { provide: AccessTokenVerifier, useValue: new AccessTokenVerifier(options.keys, options) },
        { provide: SessionStatusService, ...options.sessionStatus },
        RoutePolicyReader,
        JwtStrategy,
        JwtAuthGuard,
        PolicyGuard,
        PrincipalFinder,
      ],
      exports: [
        ...ring.map(({ provide }) => provide),
        AccessTokenVerifier,
        SessionStatusService,
        JwtAuthGuard,
        PolicyGuard,
        PrincipalFinder,
      ],
    };
  }
}
