import { hash } from 'node:crypto';
import { ApiError } from '@poc-tracker/contracts';
import { addressBlock, TENANT_HEADER, TENANT_PARAMETER } from '@poc-tracker/tenancy';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { kindOf, type RuleName } from '../rules/rule-catalogue.js';
import { seconds, stateOf } from './rate-limit-fields.js';
import type { NamedSource } from './rate-limit-subjects.js';
import type { ActiveRule } from '../rules/rate-limit-policy.js';

/** A refusal is asked again after this time, so that a limit that was raised elsewhere has an effect soon. */
const MAX_AGE_MS = 10_000;

/** Above it, the oldest refusals are asked again. */
const CAPACITY = 10_000;

/** A refusal that is repeated without asking anything. */
export interface Refusal {
  /** When the source may try again. */
  readonly retryAtMs: number;
  readonly rule: ActiveRule;
  /** Counts and reports a request that it refuses. */
  readonly report: (request: FastifyRequest) => void;
}

interface Entry {
  refusal: Refusal;
  /** The refusal is not used after this time. */
  until: number;
}

/** The latest refusals of this process, by what identifies their source in a request. */
export class RefusedRequests {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Forgets the refusals that are over first, or after one of them every request would pay for the search. */
  isEmpty(): boolean {
    const nowMs = this.now();
    for (const [key, { until }] of this.entries) {
      if (until > nowMs) return false;
      this.entries.delete(key);
    }
    return true;
  }

  /** @param retryAfterMs when the source may try again. */
  add(key: string, retryAfterMs: number, refusal: Omit<Refusal, 'retryAtMs'>): Refusal {
    const nowMs = this.now();
    const added = { ...refusal, retryAtMs: nowMs + retryAfterMs };
    this.entries.delete(key);
    this.entries.set(key, {
      refusal: added,
      until: nowMs + Math.min(retryAfterMs, MAX_AGE_MS),
    });
    const [oldest] = this.entries.keys();
    if (this.entries.size > CAPACITY && oldest !== undefined) this.entries.delete(oldest);
    return added;
  }

  find(key: string): Refusal | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > this.now()) return entry.refusal;
    this.entries.delete(key);
    return undefined;
  }

  /** After limits were changed. */
  clear(): void {
    this.entries.clear();
  }

  /** @throws ApiError RATE_LIMIT_EXCEEDED with the time that is left. */
  refuse(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): never {
    refusal.report(request);
    const leftMs = Math.max(1, refusal.retryAtMs - this.now());
    void reply.header('ratelimit-policy', refusal.rule.policy);
    void reply.header('ratelimit', stateOf(refusal.rule.name, 0, leftMs));
    throw new ApiError('RATE_LIMIT_EXCEEDED', { retryAfter: seconds(leftMs) });
  }
}

/**
 * What identifies the source of a request for a rule, before anything is looked up.
 * @param perTenant for a rule by address that counts the attempts in one tenant (see ActiveRule). The other kinds always do.
 */
export function refusalKey(
  rule: RuleName,
  request: FastifyRequest,
  source: NamedSource,
  perTenant: boolean,
): string {
  const kind = kindOf(rule);
  const address = kind === 'ip' ? addressBlock(request.ip) : undefined;
  if (address !== undefined && !perTenant) return `${rule} ${address}`;
  const { host, headers, query } = request;
  const naming = [
    host,
    headers[TENANT_HEADER],
    (query as Record<string, unknown>)[TENANT_PARAMETER],
    headers.authorization,
    source.tenant,
    address ?? (kind === 'tenant' ? undefined : source.account),
  ];
  return `${rule} ${hash('sha256', JSON.stringify(naming), 'base64')}`;
}
