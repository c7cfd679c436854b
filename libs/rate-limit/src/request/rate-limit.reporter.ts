import type { FastifyRequest } from 'fastify';
import type { ActiveRule } from '../rules/rate-limit-policy.js';

/** A request that a rule refused, or would have refused in shadow mode. */
export interface ExceededLimit {
  readonly rule: ActiveRule;
  /** A hash of the source: the address, the account, the tenant or the client. */
  readonly source: string;
  readonly tenantId: string | undefined;
  /** The pattern of the route. */
  readonly endpoint: string;
  readonly request: FastifyRequest;
}

/** Records exceeded limits; the application provides it. It is called for every refusal, so it must not write each. */
export abstract class RateLimitReporter {
  abstract report(exceeded: ExceededLimit): void;
}
