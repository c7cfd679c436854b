import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { ExpectedParties } from './token/access-token.claims.js';
import { ApiErrorFilter } from './api-error.filter.js';
import { AuthKitModule } from './auth-kit.module.js';
import { httpSessionStatus } from './session-status/http-session-status.js';
import { JwksKeySource } from './token/jwks.key-source.js';
import { JwtAuthGuard } from './policy/jwt-auth.guard.js';
import { PolicyGuard } from './policy/policy.guard.js';

/** The issuer and the audience of the auth service's tokens by default. */
export const DEFAULT_PARTIES: ExpectedParties = {
  issuer: 'poc-tracker-auth',
  audience: 'poc-tracker-api',
};

export interface IssuerOptions extends Partial<ExpectedParties> {
  /** The base URL of the auth service, without a path: `https://api.poctracker.com`. */
  url: string;
  /** The credentials of this application, printed by `npm run cli -- clients create` of the auth service. */
  clientId: string;
  clientSecret: string;
  /** Set it to true if something else protects the connection to the issuer, such as a service mesh. */
  allowHttp?: boolean;
}

/**
 * Everything that an application needs to authenticate the users of the auth service over HTTP: keys from its JWK set,
 * session status from its introspection endpoint, guards on every route, and a filter for their errors.
 *
 *     @Module({ imports: [connectToIssuer({ url, clientId, clientSecret })], controllers: [...] })
 *
 * @throws Error that names the option to set, for an unsafe issuer URL and for empty credentials.
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
 * The module with both guards on every route and the error filter, for an application that adds no guard or filter of
 * its own in between.
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
