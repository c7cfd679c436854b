import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { deriveKey } from '../../config/derived-key.js';
import { hashOfSecret } from '../../protection/secret.js';
import { FactorRepository } from '../factor.repository.js';

/** What a challenge is for. A registration is bound to its user; a log-in does not know its user yet. */
export type ChallengePurpose =
  | { purpose: 'registration'; tenantId: string; userId: string }
  | { purpose: 'authentication'; tenantId: string };

/** Long enough to find the phone or the security key. */
export const CHALLENGE_MINUTES = 5;

const TIME_BYTES = 6;

/** WebAuthn, 13.4.3, asks for 16 random bytes or more. */
const RANDOM_BYTES = 16;
const MAC_BYTES = 32;

/**
 * Challenges of passkeys. A challenge is valid for five minutes, for one tenant and one purpose, and once.
 *
 * It is signed instead of stored: everyone may ask for one, and a request without credentials must not write a row. A
 * challenge that was answered correctly is stored as spent until it has expired.
 */
@Injectable()
export class PasskeyChallenges {
  private readonly key: KeyObject;

  constructor(
    @Inject(APP_CONFIG) { tokens }: { tokens: Pick<AppConfig['tokens'], 'refreshSecret'> },
    private readonly factors: FactorRepository,
  ) {
    this.key = deriveKey(tokens.refreshSecret, 'passkey-challenge');
  }

  /** The bytes of a new challenge: when it expires, a random part, and the signature. */
  issue(purpose: ChallengePurpose): Buffer {
    const expiry = Buffer.alloc(TIME_BYTES);
    expiry.writeUIntBE(Date.now() + CHALLENGE_MINUTES * 60_000, 0, TIME_BYTES);
    const content = Buffer.concat([expiry, randomBytes(RANDOM_BYTES)]);
    return Buffer.concat([content, this.mac(content, purpose)]);
  }

  /** Whether the challenge, in base64url, was issued for this purpose and has not expired. */
  isValid(challenge: string, purpose: ChallengePurpose): boolean {
    const bytes = Buffer.from(challenge, 'base64url');
    if (bytes.length !== TIME_BYTES + RANDOM_BYTES + MAC_BYTES) return false;
    const content = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
    const mac = bytes.subarray(TIME_BYTES + RANDOM_BYTES);
    return timingSafeEqual(mac, this.mac(content, purpose)) && expiryOf(bytes) > Date.now();
  }

  /** Spends a valid challenge in the transaction of the tenant. @returns false if it was used before. */
  async spend(challenge: string): Promise<boolean> {
    // By its bytes: base64url has several spellings of some.
    const bytes = Buffer.from(challenge, 'base64url');
    const hash = hashOfSecret(bytes.toString('hex'));
    return this.factors.spendChallenge(hash, new Date(expiryOf(bytes)));
  }

  private mac(content: Buffer, purpose: ChallengePurpose): Buffer {
    const user = purpose.purpose === 'registration' ? purpose.userId : '';
    return createHmac('sha256', this.key)
      .update(`${purpose.purpose}:${purpose.tenantId}:${user}:`)
      .update(content)
      .digest();
  }
}

function expiryOf(bytes: Buffer): number {
  return bytes.readUIntBE(0, TIME_BYTES);
}
