import { SessionStatusService, type SessionStatusProvider } from '@poc-tracker/auth-kit';
import type { SharedRedis } from '@poc-tracker/redis';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { DatabaseSessionStatusSource } from './database-session-status.source.js';
import type { FeedConnectionOptions } from './postgres-feed.connection.js';
import { PostgresFeedTransport } from './postgres-feed.transport.js';
import { RedisFeedConnection } from './redis-feed.connection.js';
import { LEADER_POLL_EVERY_MS, RedisFeedTransport } from './redis-feed.transport.js';

export interface DatabaseSessionStatusOptions extends FeedConnectionOptions {
  /** With Redis, one process polls PostgreSQL for all. */
  redis?: SharedRedis | undefined;
}

/** The transport of the revocation feed for a process that has access to the database. */
export function databaseFeed({
  redis,
  ...options
}: DatabaseSessionStatusOptions): PostgresFeedTransport | RedisFeedTransport {
  if (redis === undefined) return new PostgresFeedTransport(options);
  return new RedisFeedTransport(
    new PostgresFeedTransport({ ...options, pollEveryMs: LEADER_POLL_EVERY_MS }),
    new RedisFeedConnection(redis),
  );
}

/** The session status of an application with a database, for `AuthKitModule.forRoot()`. It needs TenancyModule. */
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
