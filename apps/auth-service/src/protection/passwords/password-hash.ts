import { ARGON2_MAXIMUM, type Argon2Parameters } from '../../config/argon2-settings.js';

/** The parameters in the PHC string of a stored hash. */
export interface PasswordHash extends Argon2Parameters {
  variant: string;
  version: number;
}

/** Version 1.3 of Argon2 (RFC 9106). */
const ARGON2_VERSION = 19;

/**
 * Limits numbers to ten digits, and salt and digest to 64 bytes. The service creates nothing longer.
 */
const PHC_STRING =
  /^\$argon2(id|i|d)\$v=(\d{1,10})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,10})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** Parses a PHC string of Argon2; undefined if it is not valid. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = PHC_STRING.exec(text);
  if (match === null) return undefined;
  const [, variant = '', version, memoryKib, iterations, parallelism] = match;
  return {
    variant,
    version: Number(version),
    memoryKib: Number(memoryKib),
    iterations: Number(iterations),
    parallelism: Number(parallelism),
  };
}

/** False if verifying the hash would cost more than {@link ARGON2_MAXIMUM}. */
export function isAffordable(hash: Argon2Parameters): boolean {
  return (
    hash.memoryKib <= ARGON2_MAXIMUM.memoryKib &&
    hash.iterations <= ARGON2_MAXIMUM.iterations &&
    hash.parallelism <= ARGON2_MAXIMUM.parallelism
  );
}

/**
 * True if the hash is weaker than the current parameters. Lanes are ignored, because they do not
 * add work.
 */
export function isWeaker(hash: PasswordHash, current: Argon2Parameters): boolean {
  return (
    hash.variant !== 'id' ||
    hash.version !== ARGON2_VERSION ||
    hash.memoryKib < current.memoryKib ||
    hash.iterations < current.iterations
  );
}
