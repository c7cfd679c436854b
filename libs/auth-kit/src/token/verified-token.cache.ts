import type { AccessTokenClaims } from '@poc-tracker/contracts';

/**
 * Tokens remembered at a time. A token and its claims take about 1.5 KiB, so this bounds the memory
 * to some 30 MiB however many people are logged in; whoever is pushed out costs one more signature
 * check at their next request.
 */
const MAX_REMEMBERED = 20_000;

/**
 * What verified tokens said, by the exact text of the token, until they expire. It spares the
 * signature check of every request but the first. It holds claims only: whether the session still
 * stands is asked each time.
 */
export class VerifiedTokenCache {
  /** In the order of verification, which is nearly that of expiry. */
  private readonly tokens = new Map<string, AccessTokenClaims>();

  constructor(private readonly capacity = MAX_REMEMBERED) {}

  get size(): number {
    return this.tokens.size;
  }

  /** @param now seconds since the epoch. */
  recall(token: string, now: number): AccessTokenClaims | undefined {
    const claims = this.tokens.get(token);
    if (claims === undefined || claims.exp > now) return claims;
    this.tokens.delete(token);
    return undefined;
  }

  remember(token: string, claims: AccessTokenClaims, now: number): void {
    this.tokens.set(token, claims);
    for (const [oldest, { exp }] of this.tokens) {
      if (exp > now && this.tokens.size <= this.capacity) return;
      this.tokens.delete(oldest);
    }
  }
}
