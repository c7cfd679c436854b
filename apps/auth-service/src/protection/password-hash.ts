/** What a hash costs: memory in KiB, passes over it, lanes (RFC 9106). */
export interface Argon2Parameters {
  memoryKib: number;
  iterations: number;
  parallelism: number;
}

/** A stored hash as its PHC string describes it. */
export interface PasswordHash extends Argon2Parameters {
  variant: string;
  version: number;
}

/**
 * The most that a stored hash may demand. One beyond, planted or imported, would turn each attempt
 * to log in to that account into gigabytes and minutes.
 */
const MAX_COST: Argon2Parameters = { memoryKib: 1_048_576, iterations: 20, parallelism: 16 };

/** The version of Argon2 that is in use (RFC 9106). */
const ARGON2_VERSION = 19;

/**
 * Numbers of at most ten digits, salt and digest of at most 64 bytes: nothing longer is ever ours.
 */
const PHC_STRING =
  /^\$argon2(id|i|d)\$v=(\d{1,10})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,10})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** Reads a PHC string of Argon2; undefined when the text is none. */
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

/** False when verifying against the hash would cost more than a log-in may. */
export function isAffordable(hash: Argon2Parameters): boolean {
  return (
    hash.memoryKib <= MAX_COST.memoryKib &&
    hash.iterations <= MAX_COST.iterations &&
    hash.parallelism <= MAX_COST.parallelism
  );
}

/**
 * True when the current setting asks for more than the stored hash has; more lanes are not more
 * work.
 */
export function isWeaker(hash: PasswordHash, current: Argon2Parameters): boolean {
  return (
    hash.variant !== 'id' ||
    hash.version !== ARGON2_VERSION ||
    hash.memoryKib < current.memoryKib ||
    hash.iterations < current.iterations
  );
}
