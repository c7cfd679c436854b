import type { AccessTokenClaims } from '@poc-tracker/contracts';

/** A token and its claims take about 1.5 KiB, so the cache takes 30 MiB at most. An evicted token is verified once more. */
const MAX_TOKENS = 20_000;

/** What is cached about a token. */
export interface VerifiedToken {
  claims: AccessTokenClaims;
  /** The id of the key that signed it. */
  kid: string;
}

/**
 * Caches the claims of verified tokens by the exact token until they expire, so that only the first request checks the
 * signature. It caches neither the status of the session nor whether the key is still published.
 */
export class VerifiedTokenCache {
  /** In the order of verification, which is nearly that of expiry. */
  private readonly tokens = new Map<string, VerifiedToken>();

  constructor(private readonly capacity = MAX_TOKENS) {}

  get size(): number {
    return this.tokens.size;
  }

  /** @param now seconds since the epoch. */
  get(token: string, now: number): VerifiedToken | undefined {
    const verified = this.tokens.get(token);
    if (verified === undefined || verified.claims.exp > now) return verified;
    this.tokens.delete(token);
    return undefined;
  }

  set(token: string, verified: VerifiedToken, now: number): void {
    this.tokens.set(token, verified);
    for (const [oldest, { claims }] of this.tokens) {
      if (claims.exp > now && this.tokens.size <= this.capacity) return;
      this.tokens.delete(oldest);
    }
  }
}
