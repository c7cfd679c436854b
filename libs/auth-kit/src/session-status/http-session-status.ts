import type { SessionStatusProvider } from '../auth-kit.module.js';
import { HttpFeedTransport } from '../revocation/http-feed.transport.js';
import { HttpSessionStatusSource } from './http-session-status.source.js';
import { assertSafeIssuer, type IssuerClient } from './issuer-client.js';
import { SessionStatusService } from './session-status.service.js';

/**
 * The standings of an application that has no database of the issuer's and asks over HTTP.
 * @throws Error that says what to set, for an unsafe way to the issuer and for empty credentials.
 */
export function httpSessionStatus(client: IssuerClient): SessionStatusProvider {
  assertSafeIssuer(client);
  return {
    useFactory: () =>
      new SessionStatusService({
        source: new HttpSessionStatusSource(client),
        transport: new HttpFeedTransport(client),
      }),
  };
}
