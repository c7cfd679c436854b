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

/** As any service with a database has them, but that the end of a session is judged by the clock that made it. */
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
 * The route is called often, with a method that changes something, and ends no session and changes nobody's rights when
 * it is answered well: its callers make nobody else wait for the feed.
 */
export function LeavesRightsAlone(): MethodDecorator {
  return RouteOption({ leavesRightsAlone: true } satisfies RouteConfig);
}

/**
 * Whoever changes something here, be it the own session or somebody's rights, finds it changed at the next request to
 * this process, without waiting for the feed: what was committed is asked for before anything in memory counts again.
 */
export function registerOwnChanges(
  fastify: Pick<FastifyInstance, 'addHook'>,
  sessionStatus: Pick<SessionStatusService, 'invalidate'>,
): void {
  fastify.addHook('onSend', ({ method, routeOptions }, { statusCode }, _payload, done) => {
    const { leavesRightsAlone = false } = (routeOptions.config ?? {}) as RouteConfig;
    // A refusal may have ended a session: a refresh token that is replayed does.
    if (!SAFE_METHODS.has(method) && !(leavesRightsAlone && statusCode < 400))
      sessionStatus.invalidate();
    done();
  });
}
