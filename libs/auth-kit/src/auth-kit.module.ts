import {
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type ValueProvider,
} from '@nestjs/common';
import { AccessTokenVerifier } from './token/access-token.verifier.js';
import type { ExpectedParties } from './token/access-token.claims.js';
import type { JwksKeySource } from './token/jwks.key-source.js';
import { JwtAuthGuard } from './policy/jwt-auth.guard.js';
import { JwtStrategy } from './policy/jwt.strategy.js';
import { KeyRing } from './token/key-ring.js';
import { PolicyGuard } from './policy/policy.guard.js';
import { RoutePolicyReader } from './policy/route-policy.reader.js';
import { SessionStatusService } from './session-status/session-status.service.js';

/** How the application makes its {@link SessionStatusService}: a value, or a factory with what Nest gives it. */
export type SessionStatusProvider =
  | Pick<ValueProvider<SessionStatusService>, 'useValue'>
  | Pick<FactoryProvider<SessionStatusService>, 'inject' | 'useFactory'>;

export interface AuthKitOptions extends ExpectedParties {
  /** The keys themselves, or where the issuer publishes them. */
  keys: KeyRing | JwksKeySource;
  /** What tokens are worth now, and what keeps that right. */
  sessionStatus: SessionStatusProvider;
  /** Modules that the factory of `standings` needs, where they are not global. */
  imports?: NonNullable<ModuleMetadata['imports']>;
}

/**
 * Makes a service refuse every request that its routes do not allow. The guards are registered by
 * the application, in this order, because it may put one of its own between them:
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
      ],
      exports: [
        ...ring.map(({ provide }) => provide),
        AccessTokenVerifier,
        SessionStatusService,
        JwtAuthGuard,
        PolicyGuard,
      ],
    };
  }
}
