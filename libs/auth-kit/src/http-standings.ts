import type { StandingsProvider } from './auth-kit.module.js';
import { HttpFeedCarrier } from './http-feed.carrier.js';
import { HttpStandingSource, type IssuerClient } from './http-standing.source.js';
import { SessionStandings } from './session-standings.js';

/** The standings of an application that has no database of the issuer's and asks over HTTP. */
export function httpStandings(client: IssuerClient): StandingsProvider {
  return {
    useFactory: () =>
      new SessionStandings({
        source: new HttpStandingSource(client),
        carrier: new HttpFeedCarrier(client),
      }),
  };
}
