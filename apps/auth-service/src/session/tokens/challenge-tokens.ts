import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { ClaimReader, readStrictHeader } from '@poc-tracker/auth-kit';
import { ApiError } from '@poc-tracker/contracts';
import type { KeyObject } from 'node:crypto';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { deriveKey } from '../../config/derived-key.js';

/** The `typ` header of a challenge token, so that it is accepted as no other token (RFC 8725, 3.11). */
const CHALLENGE_TOKEN_TYPE = 'lc+jwt';

const KEY_PURPOSE = 'poc-tracker login challenge v1';

/** Lifetime of a challenge in seconds, here and in the database, whose clock decides. */
export const CHALLENGE_SECONDS = 5 * 60;

/** SHA-256 in base64url. */
const HASH = /^[\w-]{43}$/;

/** Claims of a challenge token: HS256 with a key of its own. It says who proved a first factor, and grants nothing. */
export interface ChallengeClaims {
  tenant_id: string;
  sub: string;
  /** The id of the challenge. */
  jti: string;
  /** What the client was recognized by, hashed. */
  client: string;
}

/** Signs and verifies the tokens that a log-in returns while it waits for a second factor. */
@Injectable()
export class ChallengeTokens {
  private readonly key: KeyObject;

  constructor(
    private readonly jwt: JwtService,
    @Inject(APP_CONFIG) { tokens }: Pick<AppConfig, 'tokens'>,
  ) {
    this.key = deriveKey(tokens.refreshSecret, KEY_PURPOSE);
  }

  issue(claims: ChallengeClaims): string {
    const iat = Math.floor(Date.now() / 1_000);
    const payload = { ...claims, iat, exp: iat + CHALLENGE_SECONDS };
    return this.jwt.sign(payload, {
      secret: this.key.export(),
      algorithm: 'HS256',
      header: { alg: 'HS256', typ: CHALLENGE_TOKEN_TYPE },
    });
  }

  /**
   * Verifies form, signature and claims. Whether the challenge has expired or was used is decided by the database.
   * @throws ApiError INVALID_CHALLENGE
   */
  verify(token: string): ChallengeClaims {
    try {
      readStrictHeader(token, { alg: 'HS256', typ: CHALLENGE_TOKEN_TYPE, keyed: false });
      const payload: unknown = this.jwt.verify<Record<string, unknown>>(token, {
        secret: this.key.export(),
        algorithms: ['HS256'],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
      const claims = new ClaimReader(payload);
      return {
        tenant_id: claims.uuid('tenant_id'),
        sub: claims.uuid('sub'),
        jti: claims.uuid('jti'),
        client: claims.matching('client', HASH),
      };
    } catch (cause) {
      throw new ApiError('INVALID_CHALLENGE', { cause });
    }
  }
}
