import type { Verdict } from '../counting/hit-counter.js';
import type { ActiveRule } from '../rules/rate-limit-policy.js';

/** What a response tells a client about its limits (draft-ietf-httpapi-ratelimit-headers-10), as structured fields. */
export interface RateLimitFields {
  /** RateLimit-Policy: the limits. */
  readonly policy: string;
  /** RateLimit: what is left of them, and for how long. */
  readonly state: string;
}

/**
 * What others have done is not for everyone to read. The budget of a tenant is told only when it is used up, and without a
 * session that of a user as well: it would show whether an account is in use.
 * @returns undefined if no rule has anything to tell.
 */
export function rateLimitFields(
  rules: readonly ActiveRule[],
  verdicts: readonly Verdict[],
  hasSession: boolean,
): RateLimitFields | undefined {
  const told = rules.flatMap((rule, index) => {
    const verdict = verdicts[index];
    const isHidden = rule.kind === 'tenant' || (rule.kind === 'user' && !hasSession);
    const isTold = !rule.shadow && (!isHidden || verdict?.exceeded === true);
    return verdict !== undefined && isTold ? [{ rule, verdict }] : [];
  });
  if (told.length === 0) return undefined;
  return {
    policy: told.map(({ rule }) => rule.policy).join(', '),
    state: told
      .map(({ rule, verdict }) => stateOf(rule.name, verdict.remaining, verdict.resetMs))
      .join(', '),
  };
}

export function stateOf(rule: string, remaining: number, resetMs: number): string {
  return `"${rule}";r=${remaining};t=${seconds(resetMs)}`;
}

/** Rounded up: a client that waits as long is not refused again. */
export function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000);
}
