import {
  type DynamicModule,
  type FactoryProvider,
  Module,
  type ModuleMetadata,
  type ValueProvider,
} from '@nestjs/common';
import { AccessTokenVerifier } from './access-token.verifier.js';
import type { ExpectedParties } from './access-token.claims.js';
import type { JwksKeySource } from './jwks.key-source.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KeyRing } from './key-ring.js';
import { PolicyGuard } from './policy.guard.js';
import { RoutePolicyReader } from './route-policy.reader.js';
import { SessionStandings } from './session-standings.js';

/** How the application makes its {@link SessionStandings}: a value, or a factory with what Nest gives it. */
export type StandingsProvider =
  | Pick<ValueProvider<SessionStandings>, 'useValue'>
  | Pick<FactoryProvider<SessionStandings>, 'inject' | 'useFactory'>;

export interface AuthKitOptions extends ExpectedParties {
  /** The keys themselves, or where the issuer publishes them. */
  keys: KeyRing | JwksKeySource;
  /** What tokens are worth now, and what keeps that right. */
  standings: StandingsProvider;
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
        { provide: SessionStandings, ...options.standings },
        RoutePolicyReader,
        JwtStrategy,
        JwtAuthGuard,
        PolicyGuard,
      ],
      exports: [
        ...ring.map(({ provide }) => provide),
        AccessTokenVerifier,
        SessionStandings,
        JwtAuthGuard,
        PolicyGuard,
      ],
    };
  }
}
