import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { readBounded } from '../issuer/bounded-response.js';
import { assertStrong, KeyRing } from './key-ring.js';
import type { KeySource } from './key-source.js';

/** Bounds the requests caused by tokens with an invented `kid`: one in this time. */
const MIN_INTERVAL_MS = 10_000;

/** After a failure the next attempt may follow sooner, because until then no token can be verified. */
const RETRY_MS = 1_000;

/** The Cache-Control max-age of the issuer's key set: a withdrawn key is accepted that much longer. */
const MAX_AGE_MS = 5 * 60_000;

/** How long keys are accepted while the issuer is unavailable; a withdrawn key must not be accepted forever. */
const MAX_STALE_MS = 60 * 60_000;

const TIMEOUT_MS = 5_000;

const MAX_KEYS = 32;

export interface JwksOptions {
  /** The issuer's `/.well-known/jwks.json`. */
  url: string;
  /** Milliseconds since the epoch; for tests. */
  now?: () => number;
  fetch?: typeof fetch;
}

/**
 * The public keys that the issuer publishes (RFC 7517). They are fetched when first needed, when they are too old, and when
 * a token has an unknown `kid`. Nothing else of a token is used.
 */
export class JwksKeySource implements KeySource {
  private readonly logger = new Logger(JwksKeySource.name);
  private readonly now: () => number;
  private readonly request: typeof fetch;
  private ring: KeyRing | undefined;
  private fetchedAt = -Infinity;
  private attemptedAt = -Infinity;
  private failed = false;
  private refreshing: Promise<void> | undefined;

  constructor(private readonly options: JwksOptions) {
    this.now = options.now ?? Date.now;
    this.request = options.fetch ?? fetch;
  }

  find(kid: string): KeyObject | undefined {
    return this.age > MAX_STALE_MS ? undefined : this.ring?.find(kid);
  }

  isCurrent(kid: string): boolean {
    return this.age <= MAX_AGE_MS && this.ring?.isCurrent(kid) === true;
  }

  /**
   * Waits for a key set that is not too old. An older one is used only while the issuer is unavailable.
   * @throws ApiError SERVICE_UNAVAILABLE if the key is unknown and the issuer is unavailable.
   */
  async load(kid: string): Promise<void> {
    if (this.isCurrent(kid)) return;
    if (this.refreshing !== undefined || this.mayRefresh()) await this.refresh();
    if (this.failed && this.find(kid) === undefined) {
      throw new ApiError('SERVICE_UNAVAILABLE', {
        retryAfter: RETRY_MS / 1_000,
        cause: new Error(`The public keys could not be fetched from ${this.options.url}.`),
      });
    }
  }

  private get age(): number {
    return this.now() - this.fetchedAt;
  }

  private mayRefresh(): boolean {
    return this.now() - this.attemptedAt >= (this.failed ? RETRY_MS : MIN_INTERVAL_MS);
  }

  /** One request at a time, shared by everything that waits for a key. Never rejects. */
  private refresh(): Promise<void> {
    return (this.refreshing ??= this.fetchKeys().finally(() => {
      this.refreshing = undefined;
    }));
  }

  private async fetchKeys(): Promise<void> {
    this.attemptedAt = this.now();
    try {
      this.ring = new KeyRing(readKeys(await this.download()));
      this.fetchedAt = this.now();
      this.failed = false;
    } catch (error) {
      this.failed = true;
      this.logger.warn(`The public keys could not be fetched: ${(error as Error).message}`);
    }
  }

  private async download(): Promise<string> {
    const response = await this.request(this.options.url, {
      headers: { accept: 'application/json' },
      // A redirect could replace the keys of the issuer by those of an attacker.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) throw new Error(`The issuer responded ${response.status}.`);
    return readBounded(response);
  }
}

/** The keys of the set that may verify access tokens; others are ignored (RFC 7517, 5). */
function readKeys(text: string): KeyObject[] {
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('The response is not a key set.');
  return keys.slice(0, MAX_KEYS).flatMap((jwk: unknown) => {
    const key = readKey(jwk);
    return key === undefined ? [] : [key];
  });
}

function readKey(jwk: unknown): KeyObject | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined;
  const { kty, use = 'sig', alg = 'RS256', n, e } = jwk as JsonWebKey;
  if (kty !== 'RSA' || use !== 'sig' || alg !== 'RS256') return undefined;
  if (n === undefined || e === undefined) return undefined;
  try {
    const key = createPublicKey({ key: { kty, n, e }, format: 'jwk' });
    assertStrong(key);
    return key;
  } catch {
    return undefined;
  }
}
