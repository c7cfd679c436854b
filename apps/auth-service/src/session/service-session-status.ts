import {
  SAFE_METHODS,
  SessionStatusService,
  type SessionStatusProvider,
} from '@poc-tracker/auth-kit';
import { RouteOption } from '@poc-tracker/http-service';
import { databaseFeed, DatabaseSessionStatusSource } from '@poc-tracker/revocation-feed';
import { TenantDatabase } from '@poc-tracker/tenancy';
import type { FastifyInstance } from 'fastify';
import type { AppConfig } from '../config/app-config.js';
import { Clock } from './clock.js';

/** Session status from the database, as in any service that has one; expiry is decided by the clock of the sessions. */
export function serviceSessionStatus({
  database,
  redis,
}: Pick<AppConfig, 'database' | 'redis'>): SessionStatusProvider {
  return {
    inject: [TenantDatabase, Clock],
    useFactory: (tenantDatabase: TenantDatabase, clock: Clock) =>
      new SessionStatusService({
        source: new DatabaseSessionStatusSource(tenantDatabase),
        transport: databaseFeed({
          databaseUrl: database.serviceUrl,
          tls: database.tls,
          applicationName: 'poc-tracker-auth-service',
          redisUrl: redis.url,
        }),
        now: () => clock.now().getTime(),
      }),
  };
}

interface RouteConfig {
  leavesRightsAlone?: boolean;
}

/**
 * For a route that is called often and, when it succeeds, neither revokes a session nor changes a user's rights: it does
 * not invalidate the cached session status of other users.
 */
export function LeavesRightsAlone(): MethodDecorator {
  return RouteOption({ leavesRightsAlone: true } satisfies RouteConfig);
}

/**
 * A change of a session or of a user's rights takes effect at the next request to this process, without waiting for the
 * revocation feed: cached session status is invalidated before the response is sent.
 */
export function registerOwnChanges(
  fastify: Pick<FastifyInstance, 'addHook'>,
  sessionStatus: Pick<SessionStatusService, 'invalidate'>,
): void {
  fastify.addHook('onSend', ({ method, routeOptions }, { statusCode }, _payload, done) => {
    const { leavesRightsAlone = false } = (routeOptions.config ?? {}) as RouteConfig;
    // An error response may have revoked a session: a replayed refresh token does.
    if (!SAFE_METHODS.has(method) && !(leavesRightsAlone && statusCode < 400))
      sessionStatus.invalidate();
    done();
  });
}
