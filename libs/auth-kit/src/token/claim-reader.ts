import { isUuid } from '@poc-tracker/contracts';
import { invalidToken } from './invalid-token.js';

/**
 * How far the issuer's clock may be ahead, in seconds: a new token with a slightly later `nbf` or `iat` is accepted. There
 * is no such tolerance for `exp`, because it would extend the lifetime of every token.
 */
const CLOCK_SKEW = 60;

/**
 * Reads and validates the claims of a verified token. A signature says who wrote a claim, not that it is well-formed: a
 * missing or malformed claim is INVALID_TOKEN.
 */
export class ClaimReader {
  private readonly claims: Record<string, unknown>;

  /** @throws ApiError INVALID_TOKEN if the payload is not a JSON object. */
  constructor(payload: unknown) {
    if (typeof payload !== 'object' || payload === null)
      throw invalidToken('The payload is not a JSON object.');
    this.claims = payload as Record<string, unknown>;
  }

  has(name: string): boolean {
    return this.claims[name] !== undefined;
  }

  exactly<const T extends string>(name: string, expected: T): T {
    if (this.claims[name] !== expected)
      throw invalidToken(`The claim ${name} has an unexpected value.`);
    return expected;
  }

  text(name: string): string {
    const value = this.claims[name];
    if (typeof value !== 'string' || value === '')
      throw invalidToken(`The claim ${name} is not a non-empty string.`);
    return value;
  }

  matching(name: string, pattern: RegExp): string {
    const value = this.text(name);
    if (!pattern.test(value)) throw invalidToken(`The claim ${name} is malformed.`);
    return value;
  }

  uuid(name: string): string {
    const value = this.text(name);
    if (!isUuid(value)) throw invalidToken(`The claim ${name} is not a UUID.`);
    return value;
  }

  /** One value of a catalogue. */
  oneOf<T extends string>(name: string, catalogue: readonly T[]): T {
    return inCatalogue(name, this.claims[name], catalogue);
  }

  /**
   * The values of a list of strings that are in a catalogue. Others are left out: during a deployment, tokens of the new
   * release may contain values that this release does not know and never checks for.
   */
  knownOf<T extends string>(name: string, catalogue: readonly T[]): T[] {
    const values: unknown = this.claims[name];
    if (!Array.isArray(values) || values.some((value) => typeof value !== 'string'))
      throw invalidToken(`The claim ${name} is not a list of strings.`);
    return catalogue.filter((entry) => values.includes(entry));
  }

  /** A non-negative safe integer: 1e20 and 1.5 are refused. */
  count(name: string): number {
    const value = this.claims[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw invalidToken(`The claim ${name} is not a non-negative integer.`);
    }
    return value as number;
  }

  /** A time in seconds that is not in the future: a later one would keep something recent for longer. */
  past(name: string, now: number): number {
    const value = this.count(name);
    if (value > now + CLOCK_SKEW) throw invalidToken(`The claim ${name} is in the future.`);
    return value;
  }

  /**
   * `iat` and `exp` in seconds, whatever the time is.
   * @param longest the longest lifetime of this type of token, in seconds.
   */
  period(longest: number): { iat: number; exp: number } {
    const iat = this.count('iat');
    const exp = this.count('exp');
    if (exp <= iat || exp - iat > longest)
      throw invalidToken('The lifetime of the token is too long.');
    return { iat, exp };
  }

  /**
   * `iat` and `exp` in seconds, validated against the current time together with `nbf` if present (RFC 7519, 4.1).
   * @param longest the longest lifetime of this type of token, in seconds.
   */
  lifetime(now: number, longest: number): { iat: number; exp: number } {
    const { iat, exp } = this.period(longest);
    if (exp <= now) throw invalidToken('The token has expired.');
    if (iat > now + CLOCK_SKEW) throw invalidToken('The token was issued in the future.');
    if (this.has('nbf') && this.count('nbf') > now + CLOCK_SKEW) {
      throw invalidToken('The token is not valid yet.');
    }
    return { iat, exp };
  }
}

function inCatalogue<T extends string>(name: string, value: unknown, catalogue: readonly T[]): T {
  const found = catalogue.find((entry) => entry === value);
  if (found === undefined) throw invalidToken(`The claim ${name} has an unknown value.`);
  return found;
}
