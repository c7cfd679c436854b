import { assertSafeIssuer, type IssuerClient } from '../issuer/issuer-client.js';
import { HttpFeedTransport } from '../revocation/http-feed.transport.js';
import { HttpSessionStatusSource } from './http-session-status.source.js';
import type { SessionStatusProvider } from './session-status.provider.js';
import { SessionStatusService } from './session-status.service.js';

/**
 * The session status of an application that queries the issuer over HTTP, without access to its database.
 * @throws Error that names the option to set, for an unsafe issuer URL and for empty credentials.
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
