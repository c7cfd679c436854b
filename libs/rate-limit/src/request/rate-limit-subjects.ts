import type { TenantSnapshot } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import type { RouteGroup } from '../rules/rule-catalogue.js';

/** Whose attempts a request counts among, as far as the request says it. */
export interface Subjects {
  /** A user's id, or a keyed hash of what identifies the account. Never an address. */
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  /** The tenant whose limits apply, where the guards before do not know it. */
  readonly tenant?: LimitedTenant | undefined;
}

/** A tenant and the limits that operators have set for it. */
export type LimitedTenant = Pick<TenantSnapshot, 'id' | 'rateLimits'>;

/**
 * Finds out whose attempts a request without a session counts among; the application provides it. It reads the body before
 * it is validated. A device that an account knows gets a bucket apart by another `user`.
 */
export abstract class RateLimitSubjects {
  /** @param tenantId the tenant that the request names, if any. */
  abstract of(
    request: FastifyRequest,
    group: RouteGroup,
    tenantId: string | undefined,
  ): Subjects | Promise<Subjects>;

  /** What the body says about the account, to recognize a request that is repeated after it was refused. */
  abstract accountIn(request: FastifyRequest, group: RouteGroup): string | undefined;

  /** A keyed hash, so that Redis holds no addresses. */
  abstract hash(text: string): string;
}
