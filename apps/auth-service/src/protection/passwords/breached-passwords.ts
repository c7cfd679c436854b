import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { foldPassword } from './password-text.js';

/** Number of buckets: one per value of the first two bytes of a fingerprint. */
export const BUCKETS = 0x1_0000;

/**
 * Bytes per entry in a bucket. Together with the two bytes of the bucket they are 40 bits of the digest.
 */
export const SUFFIX_BYTES = 3;

/**
 * A set of breached passwords as 40-bit fingerprints: half a million entries in 1.5 MB. The false
 * positive rate is 1 in 2,000,000; there are no false negatives.
 *
 * Layout: one byte per bucket with its number of entries, then the sorted suffixes of all buckets.
 */
export class BreachedPasswords {
  private readonly starts = new Uint32Array(BUCKETS + 1);

  /**
   * @throws Error if the list is damaged. A truncated list would accept breached passwords.
   */
  constructor(private readonly list: Buffer) {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      this.starts[bucket + 1] = (this.starts[bucket] ?? 0) + (list[bucket] ?? 0);
    }
    if (this.size === 0 || list.length !== BUCKETS + this.size * SUFFIX_BYTES) {
      throw new Error(
        'The list of breached passwords is damaged. Rebuild it with: npx tsx scripts/breached-passwords/build.ts',
      );
    }
  }

  /**
   * Reads the list beside this module. The bundler recognizes this form of URL and copies the file.
   */
  static load(): BreachedPasswords {
    return new BreachedPasswords(
      readFileSync(new URL('./breached-passwords.bin', import.meta.url)),
    );
  }

  get size(): number {
    return this.starts[BUCKETS] ?? 0;
  }

  /** True if the password is on the list, regardless of its case and Unicode form. */
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
 * The bucket and suffix of a password. Case is folded, because attackers also try capitalized
 * forms of breached passwords.
 */
export function fingerprint(password: string): { bucket: number; suffix: number } {
  const digest = createHash('sha256').update(foldPassword(password)).digest();
  return { bucket: digest.readUInt16BE(0), suffix: digest.readUIntBE(2, SUFFIX_BYTES) };
}
