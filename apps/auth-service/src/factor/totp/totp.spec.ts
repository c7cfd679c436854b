import * as OTPAuth from 'otpauth';
import { generateSync, ScureBase32Plugin } from 'otplib';
import { describe, expect, it } from 'vitest';
import { newSeed, otpauthUri, stepOfCode, toQrCode } from './totp.js';

/** RFC 6238, appendix B: the seed of the SHA-1 vectors, and the last six of their eight digits. */
const RFC_SEED = new ScureBase32Plugin().encode(Buffer.from('12345678901234567890'));
const RFC_VECTORS: [seconds: number, code: string, step: number][] = [
  [59, '287082', 0x1],
  [1_111_111_109, '081804', 0x23523ec],
  [1_111_111_111, '050471', 0x23523ed],
  [1_234_567_890, '005924', 0x273ef07],
  [2_000_000_000, '279037', 0x3f940aa],
  [20_000_000_000, '353130', 0x27bc86aa],
];

const NOW = 1_800_000_015_000;
const STEP = Math.floor(NOW / 30_000);

/** The code of an independent library. */
function codeOf(seed: string, timestamp: number): string {
  const secret = OTPAuth.Secret.fromBase32(seed);
  return new OTPAuth.TOTP({ algorithm: 'SHA1', digits: 6, period: 30, secret }).generate({
    timestamp,
  });
}

const verify = (seed: string, code: string, lastStep: number | null = null, now = NOW) =>
  stepOfCode(code, { seed, lastStep, now });

describe('A code of an authenticator app', () => {
  it.each(RFC_VECTORS)(
    'is right for the vector of RFC 6238 at %d seconds',
    (seconds, code, step) => {
      expect(verify(RFC_SEED, code, null, seconds * 1_000)).toBe(step);
    },
  );

  it('of an independent library is right for a hundred new seeds, and another code is wrong', () => {
    for (let round = 0; round < 100; round += 1) {
      const seed = newSeed();
      const code = codeOf(seed, NOW);
      expect(verify(seed, code)).toBe(STEP);
      expect(generateSync({ secret: seed, epoch: NOW / 1_000 })).toBe(code);
      const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
      // One of the four neighbors may have the wrong code by chance.
      expect(verify(seed, wrong)).not.toBe(STEP);
    }
  });

  it.each([-2, -1, 0, 1, 2])('is right while the clocks are %d periods apart', (periods) => {
    const seed = newSeed();
    expect(verify(seed, codeOf(seed, NOW + periods * 30_000))).toBe(STEP + periods);
  });

  it.each([-3, 3])('is wrong while the clocks are %d periods apart', (periods) => {
    // A seed whose other codes differ from this one.
    expect(verify(RFC_SEED, codeOf(RFC_SEED, NOW + periods * 30_000))).toBeUndefined();
  });

  it('is right once: neither its step nor an earlier one is accepted again', () => {
    const seed = newSeed();
    const [before, code, after] = [-1, 0, 1].map((periods) => codeOf(seed, NOW + periods * 30_000));
    expect(verify(seed, code ?? '', STEP)).toBeUndefined();
    expect(verify(seed, before ?? '', STEP)).toBeUndefined();
    expect(verify(seed, after ?? '', STEP)).toBe(STEP + 1);
  });
});

describe('A new seed', () => {
  it('has 160 bits in base32, and is never the same', () => {
    const seeds = Array.from({ length: 50 }, newSeed);
    expect(new Set(seeds).size).toBe(50);
    for (const seed of seeds) expect(seed).toMatch(/^[A-Z2-7]{32}$/);
  });

  it('has an address that an independent library reads', () => {
    const seed = newSeed();
    const parsed = OTPAuth.URI.parse(
      otpauthUri({ seed, issuer: 'Açaí & Cia: SP', account: 'ana+1@acme.example' }),
    );
    expect(parsed).toMatchObject({
      issuer: 'Açaí & Cia  SP',
      label: 'ana+1@acme.example',
      algorithm: 'SHA1',
      digits: 6,
      period: 30,
    });
    expect(parsed.secret.base32).toBe(seed);
  });

  it('has a QR code of bounded size, however long and wide the names are', () => {
    const long = otpauthUri({
      seed: newSeed(),
      issuer: '🧑🏽‍🚀'.repeat(90),
      account: '語'.repeat(250),
    });
    expect(long.length).toBeLessThan(1_700);
    const image = toQrCode(long);
    expect(image).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"/);
    expect(image).not.toMatch(/<script|href|on\w+=/i);
    expect(image.length).toBeLessThan(200_000);
  });
});
