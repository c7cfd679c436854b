import {
  type DynamicModule,
  type ExistingProvider,
  Module,
  type ModuleMetadata,
  type ValueProvider,
} from '@nestjs/common';
import { AccessTokenVerifier } from './access-token.verifier.js';
import type { ExpectedParties } from './access-token.claims.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KeyRing } from './key-ring.js';
import { PolicyGuard } from './policy.guard.js';
import { RevocationFeed } from './revocation.feed.js';
import { RoutePolicyReader } from './route-policy.reader.js';

export interface AuthKitOptions extends ExpectedParties {
  keys: KeyRing;
  /** Where revocations come from: a provider that `imports` brings in, or the feed itself. */
  revocationFeed:
    | Pick<ExistingProvider<RevocationFeed>, 'useExisting'>
    | Pick<ValueProvider<RevocationFeed>, 'useValue'>;
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
    return {
      module: AuthKitModule,
      global: true,
      imports: options.imports ?? [],
      providers: [
        { provide: KeyRing, useValue: options.keys },
        { provide: AccessTokenVerifier, useValue: new AccessTokenVerifier(options.keys, options) },
        { provide: RevocationFeed, ...options.revocationFeed },
        RoutePolicyReader,
        JwtStrategy,
        JwtAuthGuard,
        PolicyGuard,
      ],
      exports: [KeyRing, AccessTokenVerifier, JwtAuthGuard, PolicyGuard],
    };
  }
}
