import { SessionStandings, type StandingsProvider } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { DatabaseStandingSource } from './database-standing.source.js';
import type { FeedConnectionOptions } from './feed.connection.js';
import { PostgresFeedCarrier } from './postgres-feed.carrier.js';
import { LEADER_POLL_EVERY_MS, RedisFeedCarrier } from './redis-feed.carrier.js';
import { RedisLink } from './redis-link.js';

export interface DatabaseStandingsOptions extends FeedConnectionOptions {
  /** Where there is one, one process asks PostgreSQL for all. */
  redisUrl?: string | undefined;
}

/** What carries revocations to a process that has a database. */
export function databaseFeed({
  redisUrl,
  ...options
}: DatabaseStandingsOptions): PostgresFeedCarrier | RedisFeedCarrier {
  if (redisUrl === undefined) return new PostgresFeedCarrier(options);
  return new RedisFeedCarrier(
    new PostgresFeedCarrier({ ...options, pollEveryMs: LEADER_POLL_EVERY_MS }),
    new RedisLink(redisUrl, options.applicationName),
  );
}

/**
 * The standings of an application with a database, for `AuthKitModule.forRoot({ standings })`. TenancyModule must be in
 * the application.
 */
export function databaseStandings(options: DatabaseStandingsOptions): StandingsProvider {
  return {
    inject: [TenantDatabase],
    useFactory: (database: TenantDatabase) =>
      new SessionStandings({
        source: new DatabaseStandingSource(database),
        carrier: databaseFeed(options),
      }),
  };
}
