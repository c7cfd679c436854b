import type { KeyObject } from 'node:crypto';

/** Provides the public keys of access tokens. */
export interface KeySource {
  /** The key with this id, if it has been loaded. */
  find(kid: string): KeyObject | undefined;
  /**
   * Whether the issuer still publishes this key, as far as is known without a request. A token of any other key must be
   * verified again, even if it has been verified before.
   */
  isCurrent(kid: string): boolean;
  /**
   * Fetches a key that is not known yet. Called before a token is verified for the first time.
   * @throws ApiError SERVICE_UNAVAILABLE if the keys cannot be fetched.
   */
  load?(kid: string): Promise<void>;
}
