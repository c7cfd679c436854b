import type { RuleKind } from './rules/rule-catalogue.js';

/** Series per process. The tenant of a series is known, and its endpoint is a route's pattern; this bounds the tenants. */
const CAPACITY = 10_000;

export interface RateLimitHitCount {
  /** Undefined for a request without a tenant. */
  readonly tenantId: string | undefined;
  /** The pattern of the route. */
  readonly endpoint: string;
  /** The kind of the limit. A service client counts as a user. */
  readonly identifier: Exclude<RuleKind, 'client'>;
  readonly count: number;
}

/** Counts exceeded limits for the metric rate_limit_hits_total. */
export class RateLimitHits {
  private readonly counts = new Map<string, RateLimitHitCount>();

  add(tenantId: string | undefined, endpoint: string, kind: RuleKind): void {
    const identifier = kind === 'client' ? 'user' : kind;
    const key = `${tenantId ?? ''} ${identifier} ${endpoint}`;
    const known = this.counts.get(key);
    if (known === undefined && this.counts.size >= CAPACITY) {
      if (tenantId !== undefined) this.add(undefined, endpoint, kind);
      return;
    }
    this.counts.set(key, { tenantId, endpoint, identifier, count: (known?.count ?? 0) + 1 });
  }

  list(): RateLimitHitCount[] {
    return [...this.counts.values()];
  }
}
