import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { foldPassword } from './password-text.js';

/** Buckets of the list: one for each value of the first two bytes of a fingerprint. */
export const BUCKETS = 0x1_0000;

/**
 * Bytes kept of an entry inside its bucket: with the bucket's two they make 40 bits of the digest.
 */
export const SUFFIX_BYTES = 3;

/**
 * Passwords that leaked elsewhere, as a set of 40-bit fingerprints: half a million entries in 1.5
 * MB. A password that is not on the list is taken for one in a chance of 1 to 2,000,000; one that
 * is on it is never missed.
 *
 * Layout: one byte a bucket with its number of entries, then the suffixes of all buckets, sorted.
 */
export class BreachedPasswords {
  private readonly starts = new Uint32Array(BUCKETS + 1);

  /**
   * @throws Error when the bytes are no such list: a truncated one would let leaked passwords
   *   through.
   */
  constructor(private readonly list: Buffer) {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      this.starts[bucket + 1] = (this.starts[bucket] ?? 0) + (list[bucket] ?? 0);
    }
    if (this.size === 0 || list.length !== BUCKETS + this.size * SUFFIX_BYTES) {
      throw new Error(
        'The list of breached passwords is damaged; make it again with: npx tsx scripts/build-breached-passwords.ts',
      );
    }
  }

  /**
   * Reads the list that lies beside this module; the bundler carries it along because of how the
   * URL is written.
   */
  static load(): BreachedPasswords {
    return new BreachedPasswords(
      readFileSync(new URL('./breached-passwords.bin', import.meta.url)),
    );
  }

  get size(): number {
    return this.starts[BUCKETS] ?? 0;
  }

  /** True when the password, whatever its case or Unicode form, is on the list. */
  has(password: string): boolean {
    const { bucket, suffix } = fingerprint(password);
    const end = this.starts[bucket + 1] ?? 0;
    for (let entry = this.starts[bucket] ?? 0; entry < end; entry += 1) {
      if (this.list.readUIntBE(BUCKETS + entry * SUFFIX_BYTES, SUFFIX_BYTES) === suffix)
        return true;
    }
    return false;
  }
}

/**
 * Where a password stands in the list. Case is folded: whoever tries a leaked password tries its
 * capitalised forms too.
 */
export function fingerprint(password: string): { bucket: number; suffix: number } {
  const digest = createHash('sha256').update(foldPassword(password)).digest();
  return { bucket: digest.readUInt16BE(0), suffix: digest.readUIntBE(2, SUFFIX_BYTES) };
}
