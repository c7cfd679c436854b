import type { EnvironmentReader } from '@poc-tracker/http-service';

/** The cost parameters of Argon2: memory in KiB, passes, lanes (RFC 9106). */
export interface Argon2Parameters {
  memoryKib: number;
  iterations: number;
  parallelism: number;
}

/** The defaults of the OWASP Password Storage Cheat Sheet. */
export const ARGON2_DEFAULTS: Argon2Parameters = {
  memoryKib: 19_456,
  iterations: 2,
  parallelism: 1,
};

/**
 * The maximum cost, also of a stored hash. A more expensive one, injected or imported, would make
 * every log-in to its account use gigabytes and minutes.
 */
export const ARGON2_MAXIMUM: Argon2Parameters = {
  memoryKib: 1_048_576,
  iterations: 20,
  parallelism: 16,
};

export function readArgon2Parameters(reader: EnvironmentReader): Argon2Parameters {
  const read = (variable: string, parameter: keyof Argon2Parameters, min: number): number =>
    reader.integer(variable, ARGON2_DEFAULTS[parameter], { min, max: ARGON2_MAXIMUM[parameter] });
  return {
    memoryKib: read('ARGON2_MEMORY_KIB', 'memoryKib', 7_168),
    iterations: read('ARGON2_ITERATIONS', 'iterations', 1),
    parallelism: read('ARGON2_PARALLELISM', 'parallelism', 1),
  };
}
