import { SAFE_METHODS, type SessionStatusService } from '@poc-tracker/auth-kit';
import { RouteOption } from '@poc-tracker/http-service';
import { changedTenants } from '@poc-tracker/tenancy';
import type { FastifyInstance } from 'fastify';

interface RouteConfig {
  keepsSessionStatusCache?: boolean;
}

/**
 * For a route that is called often and, when it succeeds, neither revokes a session nor changes a user's rights: it does
 * not invalidate the cached session status of other users.
 */
export function KeepsSessionStatusCache(): MethodDecorator {
  return RouteOption({ keepsSessionStatusCache: true } satisfies RouteConfig);
}

/**
 * A change of a session or of a user's rights takes effect at the next request to this process, without waiting for the
 * revocation feed: what is cached of the tenant is invalidated before the response is sent. A request that has committed
 * nothing, such as one that was refused, invalidates nothing, and no request of a tenant slows down those of another.
 */
export function registerOwnChanges(
  fastify: Pick<FastifyInstance, 'addHook'>,
  sessionStatus: Pick<SessionStatusService, 'invalidate'>,
): void {
  fastify.addHook('onSend', ({ method, routeOptions }, { statusCode }, _payload, done) => {
    const { keepsSessionStatusCache = false } = (routeOptions.config ?? {}) as RouteConfig;
    // An error response may have revoked a session: a replayed refresh token does.
    if (!SAFE_METHODS.has(method) && !(keepsSessionStatusCache && statusCode < 400))
      for (const tenantId of changedTenants()) sessionStatus.invalidate(tenantId ?? undefined);
    done();
  });
}
