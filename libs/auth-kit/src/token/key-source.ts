import type { KeyObject } from 'node:crypto';

/** Where the public keys of access tokens come from. */
export interface KeySource {
  /** The key of this id, as far as it is known here. */
  find(kid: string): KeyObject | undefined;
  /**
   * Gets a key that is not known yet, where keys are fetched. Called before a token is verified for the first time.
   * @throws ApiError SERVICE_UNAVAILABLE when nobody can be asked.
   */
  load?(kid: string): Promise<void>;
}
