import { isUuid } from '@poc-tracker/contracts';
import { invalidToken } from './invalid-token.js';

/**
 * How far another clock may run ahead, in seconds: bounds `nbf` and `iat`, so that a token made a
 * moment ago on a host whose clock is fast is not refused. `exp` gets no such grace, or every token
 * would live longer than it says.
 */
const CLOCK_SKEW = 60;

/**
 * Reads the claims of a verified token one by one. A signature says who wrote a claim, not that it
 * has the right shape: a claim that is missing or of another shape is INVALID_TOKEN.
 */
export class ClaimReader {
  private readonly claims: Record<string, unknown>;

  /** @throws ApiError INVALID_TOKEN when the payload is not a JSON object. */
  constructor(payload: unknown) {
    if (typeof payload !== 'object' || payload === null)
      throw invalidToken('The payload is no JSON object.');
    this.claims = payload as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.claims[name] !== undefined;
  }

  exactly<const T extends string>(name: string, expected: T): T {
    if (this.claims[name] !== expected)
      throw invalidToken(`The claim ${name} is not the expected one.`);
    return expected;
  }

  text(name: string): string {
    const value = this.claims[name];
    if (typeof value !== 'string' || value === '')
      throw invalidToken(`The claim ${name} is no text.`);
    return value;
  }

  matching(name: string, pattern: RegExp): string {
    const value = this.text(name);
    if (!pattern.test(value)) throw invalidToken(`The claim ${name} is malformed.`);
    return value;
  }

  uuid(name: string): string {
    const value = this.text(name);
    if (!isUuid(value)) throw invalidToken(`The claim ${name} is no UUID.`);
    return value;
  }

  /** One value of a catalogue. */
  oneOf<T extends string>(name: string, catalogue: readonly T[]): T {
    return inCatalogue(name, this.claims[name], catalogue);
  }

  /**
   * Those values of a list of texts that are in a catalogue. What is not is left out: while a new release is rolled out,
   * its tokens may name what this one does not know yet, and nobody can use what nothing here asks for.
   */
  knownOf<T extends string>(name: string, catalogue: readonly T[]): T[] {
    const values: unknown = this.claims[name];
    if (!Array.isArray(values) || values.some((value) => typeof value !== 'string'))
      throw invalidToken(`The claim ${name} is no list of texts.`);
    return catalogue.filter((entry) => values.includes(entry));
  }

  /** A whole number from 0 up that JSON carries without loss: 1e20 and 1.5 are none. */
  count(name: string): number {
    const value = this.claims[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw invalidToken(`The claim ${name} is no whole number.`);
    }
    return value as number;
  }

  /**
   * `iat` and `exp` in seconds, and `nbf` if there is one (RFC 7519, 4.1), held against the time
   * now.
   * @param longest the longest life that the kind of token may have, in seconds.
   */
  lifetime(now: number, longest: number): { iat: number; exp: number } {
    const iat = this.count('iat');
    const exp = this.count('exp');
    if (exp <= now) throw invalidToken('The token has expired.');
    if (iat > now + CLOCK_SKEW) throw invalidToken('The token is issued in the future.');
    if (exp <= iat || exp - iat > longest)
      throw invalidToken('The token lives longer than its kind may.');
    if (this.has('nbf') && this.count('nbf') > now + CLOCK_SKEW) {
      throw invalidToken('The token is not valid yet.');
    }
    return { iat, exp };
  }
}

function inCatalogue<T extends string>(name: string, value: unknown, catalogue: readonly T[]): T {
  const found = catalogue.find((entry) => entry === value);
  if (found === undefined) throw invalidToken(`The claim ${name} holds an unknown value.`);
  return found;
}
