import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { ExpectedParties } from './token/access-token.claims.js';
import { ApiErrorFilter } from './api-error.filter.js';
import { AuthKitModule } from './auth-kit.module.js';
import { httpSessionStatus } from './session-status/http-session-status.js';
import { JwksKeySource } from './token/jwks.key-source.js';
import { JwtAuthGuard } from './policy/jwt-auth.guard.js';
import { PolicyGuard } from './policy/policy.guard.js';

/** What the auth service writes into its tokens unless it is told otherwise. */
export const DEFAULT_PARTIES: ExpectedParties = {
  issuer: 'poc-tracker-auth',
  audience: 'poc-tracker-api',
};

export interface IssuerOptions extends Partial<ExpectedParties> {
  /** Where the auth service answers, without a path: `https://api.poctracker.com`. */
  url: string;
  /** The id and the secret of this application, as `npm run cli -- clients create` of the auth service gives them. */
  clientId: string;
  clientSecret: string;
  /** True: plain http is safe on the way to the issuer, because something else protects it, such as a mesh of proxies. */
  allowHttp?: boolean;
}

/**
 * Everything that an application needs to let the auth service's people in, over HTTP alone: keys from its JWK set,
 * standings from its introspection, the guards in front of every route, and their refusals answered.
 *
 *     @Module({ imports: [connectToIssuer({ url, clientId, clientSecret })], controllers: [...] })
 *
 * @throws Error that says what to set, for an unsafe way to the issuer and for empty credentials.
 */
export function connectToIssuer({
  url,
  clientId,
  clientSecret,
  allowHttp = false,
  issuer = DEFAULT_PARTIES.issuer,
  audience = DEFAULT_PARTIES.audience,
}: IssuerOptions): DynamicModule {
  const sessionStatus = httpSessionStatus({ issuerUrl: url, clientId, clientSecret, allowHttp });
  return guardedModule(
    AuthKitModule.forRoot({
      issuer,
      audience,
      keys: new JwksKeySource({ url: new URL('/.well-known/jwks.json', url).href }),
      sessionStatus,
    }),
  );
}

/**
 * The module with both guards in front of every route and with its errors answered: for an application that puts no
 * guard or filter of its own between.
 */
export function guardedModule(module: DynamicModule): DynamicModule {
  return {
    ...module,
    providers: [
      ...(module.providers ?? []),
      { provide: APP_GUARD, useExisting: JwtAuthGuard },
      { provide: APP_GUARD, useExisting: PolicyGuard },
      { provide: APP_FILTER, useClass: ApiErrorFilter },
    ],
  };
}
