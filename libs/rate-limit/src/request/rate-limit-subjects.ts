import type { TenantSnapshot } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import type { RouteGroup } from '../rules/rule-catalogue.js';

/** Whose attempts a request counts among, as far as the request says it. */
export interface Subjects {
  /** A user's id, or a keyed hash of what identifies the account. Never an address. */
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  /** True for a device that the account knows: what others do in the tenant must not shut it out. */
  readonly skipsTenant?: boolean;
  /** The tenant whose limits apply, where the guards before do not know it. */
  readonly tenant?: LimitedTenant | undefined;
}

/** What a request says about its source, before anything is looked up. It recognizes a request that is repeated. */
export interface NamedSource {
  /** What names the account. */
  readonly account?: string | undefined;
  /** What changes which tenant's attempts the request counts among, or whether it does. */
  readonly tenant?: string | undefined;
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

  abstract sourceIn(request: FastifyRequest, group: RouteGroup): NamedSource;

  /** A keyed hash, so that Redis holds no addresses. */
  abstract hash(text: string): string;
}
