import { SessionStatusService, type SessionStatusProvider } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { DatabaseSessionStatusSource } from './database-session-status.source.js';
import type { FeedConnectionOptions } from './feed.connection.js';
import { PostgresFeedTransport } from './postgres-feed.transport.js';
import { LEADER_POLL_EVERY_MS, RedisFeedTransport } from './redis-feed.transport.js';
import { RedisLink } from './redis-link.js';

export interface DatabaseSessionStatusOptions extends FeedConnectionOptions {
  /** Where there is one, one process asks PostgreSQL for all. */
  redisUrl?: string | undefined;
}

/** What carries revocations to a process that has a database. */
export function databaseFeed({
  redisUrl,
  ...options
}: DatabaseSessionStatusOptions): PostgresFeedTransport | RedisFeedTransport {
  if (redisUrl === undefined) return new PostgresFeedTransport(options);
  return new RedisFeedTransport(
    new PostgresFeedTransport({ ...options, pollEveryMs: LEADER_POLL_EVERY_MS }),
    new RedisLink(redisUrl, options.applicationName),
  );
}

/**
 * The standings of an application with a database, for `AuthKitModule.forRoot({ standings })`. TenancyModule must be in
 * the application.
 */
export function databaseSessionStatus(
  options: DatabaseSessionStatusOptions,
): SessionStatusProvider {
  return {
    inject: [TenantDatabase],
    useFactory: (database: TenantDatabase) =>
      new SessionStatusService({
        source: new DatabaseSessionStatusSource(database),
        transport: databaseFeed(options),
      }),
  };
}
