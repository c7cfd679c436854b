import { encodeQR } from 'qr';
import { generateSecret, generateURI, verifySync } from 'otplib';

/** What every authenticator app knows: HMAC-SHA-1, six digits, a new code every 30 seconds (RFC 6238). */
const OPTIONS = { algorithm: 'sha1', digits: 6, period: 30 } as const;

/** 160 bits, the length that RFC 4226, 4 recommends. */
const SEED_BYTES = 20;

/** How far the clocks of the app and of the service may be apart: two codes before and after the present one. */
const TOLERANCE_SECONDS = 60;

/** Characters of the names in the QR code. With a whole name, the code might have too many modules for a camera. */
const MAX_ISSUER = 40;
const MAX_LABEL = 64;

/** A seed in base32 without padding (RFC 4648), as users type it: 32 characters. */
export function newSeed(): string {
  return generateSecret({ length: SEED_BYTES });
}

/** The address that authenticator apps read from a QR code (otpauth, as Google Authenticator defines it). */
export function otpauthUri({
  seed,
  issuer,
  account,
}: {
  seed: string;
  issuer: string;
  account: string;
}): string {
  return generateURI({
    ...OPTIONS,
    secret: seed,
    issuer: shortened(issuer, MAX_ISSUER),
    label: shortened(account, MAX_LABEL),
  });
}

/** The QR code as an SVG image. */
export function toQrCode(uri: string): string {
  return encodeQR(uri, 'svg', { ecc: 'medium', border: 4 });
}

/**
 * The time step of the code, which is the number of periods since 1970. Undefined for a wrong code, and for one that is not
 * later than the step that was used last: each code is valid once (RFC 6238, 5.2).
 * @param now in milliseconds since the epoch
 */
export function stepOfCode(
  code: string,
  { seed, lastStep, now }: { seed: string; lastStep: number | null; now: number },
): number | undefined {
  const epoch = Math.floor(now / 1_000);
  const verified = verifySync({
    ...OPTIONS,
    secret: seed,
    token: code,
    epoch,
    epochTolerance: TOLERANCE_SECONDS,
  });
  if (!verified.valid || !('timeStep' in verified)) return undefined;
  return lastStep === null || verified.timeStep > lastStep ? verified.timeStep : undefined;
}

/** By code points, so that no character is cut in two. A colon separates the two names in the address. */
function shortened(text: string, length: number): string {
  return [...text.replaceAll(':', ' ')].slice(0, length).join('').trim();
}
