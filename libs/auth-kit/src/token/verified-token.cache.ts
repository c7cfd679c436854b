import type { AccessTokenClaims } from '@poc-tracker/contracts';

/** A token and its claims take about 1.5 KiB, so the cache takes 30 MiB at most. An evicted token is verified once more. */
const MAX_TOKENS = 20_000;

/**
 * Caches the claims of verified tokens by the exact token until they expire, so that only the first request checks the
 * signature. It does not cache the status of the session.
 */
export class VerifiedTokenCache {
  /** In the order of verification, which is nearly that of expiry. */
  private readonly tokens = new Map<string, AccessTokenClaims>();

  constructor(private readonly capacity = MAX_TOKENS) {}

  get size(): number {
    return this.tokens.size;
  }

  /** @param now seconds since the epoch. */
  get(token: string, now: number): AccessTokenClaims | undefined {
    const claims = this.tokens.get(token);
    if (claims === undefined || claims.exp > now) return claims;
    this.tokens.delete(token);
    return undefined;
  }

  set(token: string, claims: AccessTokenClaims, now: number): void {
    this.tokens.set(token, claims);
    for (const [oldest, { exp }] of this.tokens) {
      if (exp > now && this.tokens.size <= this.capacity) return;
      this.tokens.delete(oldest);
    }
  }
}
