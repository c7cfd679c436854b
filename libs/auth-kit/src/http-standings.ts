import type { StandingsProvider } from './auth-kit.module.js';
import { HttpFeedCarrier } from './http-feed.carrier.js';
import { HttpStandingSource } from './http-standing.source.js';
import { assertSafeIssuer, type IssuerClient } from './issuer-client.js';
import { SessionStandings } from './session-standings.js';

/**
 * The standings of an application that has no database of the issuer's and asks over HTTP.
 * @throws Error that says what to set, for an unsafe way to the issuer and for empty credentials.
 */
export function httpStandings(client: IssuerClient): StandingsProvider {
  assertSafeIssuer(client);
  return {
    useFactory: () =>
      new SessionStandings({
        source: new HttpStandingSource(client),
        carrier: new HttpFeedCarrier(client),
      }),
  };
}
