/**
 * Makes the RSA pair that signs access tokens.
 *
 *     npm run keys:generate                      prints both keys in PEM form
 *     npm run keys:generate -- --out keys        writes keys/jwt-private.pem and keys/jwt-public.pem, mode 0600
 *     npm run keys:generate -- --bits 3072       stronger, and about eight times slower to sign with
 *
 * Existing files are never overwritten: whoever lost the old private key would log everybody out.
 */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const SIZES = ['2048', '3072', '4096'];

function main(): void {
  const { out, bits } = readOptions();
  const pair = generateKeyPairSync('rsa', {
    modulusLength: Number(bits),
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  if (out === undefined) {
    process.stdout.write(pair.privateKey + pair.publicKey);
    return;
  }
  const files = { private: join(out, 'jwt-private.pem'), public: join(out, 'jwt-public.pem') };
  const existing = Object.values(files).find((file) => existsSync(file));
  if (existing !== undefined)
    throw new Error(`${existing} exists already; move it away or name another folder.`);
  mkdirSync(out, { recursive: true, mode: 0o700 });
  // "wx": a file that appears after the check above is not overwritten either.
  writeFileSync(files.private, pair.privateKey, { mode: 0o600, flag: 'wx' });
  writeFileSync(files.public, pair.publicKey, { mode: 0o600, flag: 'wx' });
  console.log(`JWT_PRIVATE_KEY_FILE=${files.private}\nJWT_PUBLIC_KEY_FILE=${files.public}`);
}

function readOptions(): { out: string | undefined; bits: string } {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, bits: { type: 'string', default: '2048' } },
  });
  if (!SIZES.includes(values.bits)) throw new Error(`--bits must be one of ${SIZES.join(', ')}.`);
  return { out: values.out, bits: values.bits };
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
