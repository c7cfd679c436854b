import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import {
  ACCESS_TOKEN_SECONDS,
  asInvalidToken,
  ClaimReader,
  keyId,
  readStrictHeader,
} from '@poc-tracker/auth-kit';
import {
  ACCESS_TOKEN_TYPE,
  type AccessTokenClaims,
  assuranceLevel,
  type AuthenticationMethod,
  FIRST_PARTY_CLIENT_ID,
  type Permission,
  REFRESH_TOKEN_TYPE,
  type RefreshTokenClaims,
  type Role,
  type TenantSnapshot,
} from '@poc-tracker/contracts';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import type { TokensResponse } from '../session.response.js';
import type { UserSession } from '../user-session.entity.js';
import { accessTokenId } from './access-token-id.js';

/** Lifetime of an unused refresh token, in seconds: 7 days. Its session may end before. */
const REFRESH_TOKEN_SECONDS = 7 * 24 * 60 * 60;

/**
 * 32 bytes in base64url. The last of the 43 characters carries four bits only, hence the shorter
 * alphabet.
 */
const NONCE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The content of an access token. The permissions are the effective ones. */
export interface AccessTokenSubject {
  user: { id: string; role: Role; permissions: readonly Permission[] };
  tenant: Pick<TenantSnapshot, 'id' | 'subdomain' | 'plan'>;
  sessionId: string;
  /** Of the refresh token that is issued with it. */
  generation: number;
  deviceId?: string | undefined;
  amr: readonly AuthenticationMethod[];
  authenticatedAt: Date;
}

/** The columns of a session that determine its refresh token. */
export type RefreshState = Pick<
  UserSession,
  'tenantId' | 'id' | 'userId' | 'generation' | 'refreshNonce' | 'rotatedAt'
>;

/** Signs the tokens of a session. Only this class has the private key and the refresh secret. */
@Injectable()
export class TokenIssuer {
  private readonly keyId: string;

  constructor(
    private readonly jwt: JwtService,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {
    this.keyId = keyId(config.tokens.privateKey);
  }

  /** A refresh token and a new access token as the API returns them. */
  async tokens(subject: AccessTokenSubject, refreshToken: string): Promise<TokensResponse> {
    const { token, expiresIn } = await this.accessToken(subject);
    return { accessToken: token, refreshToken, expiresIn };
  }

  /** An access token (RFC 9068): RS256, valid for `expiresIn` seconds. */
  async accessToken({
    user,
    tenant,
    sessionId,
    generation,
    deviceId,
    amr,
    authenticatedAt,
  }: AccessTokenSubject): Promise<{
    token: string;
    expiresIn: number;
  }> {
    const { issuer, audience, privateKey } = this.config.tokens;
    // Of this process: an access token is verified by the clocks of other processes, many of which have no database.
    const iat = toSeconds(new Date());
    const claims: AccessTokenClaims = {
      sub: user.id,
      iss: issuer,
      aud: audience,
      exp: iat + ACCESS_TOKEN_SECONDS,
      iat,
      jti: accessTokenId(sessionId, generation),
      client_id: FIRST_PARTY_CLIENT_ID,
      tenant_id: tenant.id,
      tenant_subdomain: tenant.subdomain,
      user_role: user.role,
      permissions: [...user.permissions],
      plan_type: tenant.plan,
      session_id: sessionId,
      amr: [...amr],
      acr: assuranceLevel(amr),
      auth_time: toSeconds(authenticatedAt),
      ...(deviceId !== undefined && { device_id: deviceId }),
    };
    const header = { alg: 'RS256', typ: ACCESS_TOKEN_TYPE, kid: this.keyId };
    const token = await this.jwt.signAsync(claims, { privateKey, algorithm: 'RS256', header });
    return { token, expiresIn: ACCESS_TOKEN_SECONDS };
  }

  /**
   * The current refresh token of a session: HS256 with its own secret. It depends on the stored state only, so that a
   * client that refreshes twice at once gets the same successor although the database has no usable token.
   */
  refreshToken(session: RefreshState): string {
    const iat = toSeconds(session.rotatedAt);
    // The order of the members is part of the text.
    const payload: RefreshTokenClaims = {
      sub: session.userId,
      tenant_id: session.tenantId,
      session_id: session.id,
      type: 'refresh',
      generation: session.generation,
      jti: session.refreshNonce.toString('base64url'),
      iat,
      exp: iat + REFRESH_TOKEN_SECONDS,
    };
    return this.jwt.sign(payload, {
      secret: this.config.tokens.refreshSecret,
      algorithm: 'HS256',
      header: { alg: 'HS256', typ: REFRESH_TOKEN_TYPE },
    });
  }

  /**
   * Verifies form, signature and claims of a refresh token. Whether it has expired, and is the current one of its session, is
   * decided by the database and its clock.
   * @throws ApiError INVALID_TOKEN
   */
  verifyRefresh(token: string): RefreshTokenClaims {
    readStrictHeader(token, { alg: 'HS256', typ: REFRESH_TOKEN_TYPE, keyed: false });
    const claims = new ClaimReader(this.readSigned(token));
    return {
      sub: claims.uuid('sub'),
      tenant_id: claims.uuid('tenant_id'),
      session_id: claims.uuid('session_id'),
      type: claims.exactly('type', 'refresh'),
      generation: claims.count('generation'),
      jti: claims.matching('jti', NONCE),
      ...claims.period(REFRESH_TOKEN_SECONDS),
    };
  }

  private readSigned(token: string): unknown {
    try {
      return this.jwt.verify<Record<string, unknown>>(token, {
        secret: this.config.tokens.refreshSecret,
        algorithms: ['HS256'],
        // By the clock of the database, when the token is exchanged.
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
    } catch (error) {
      throw asInvalidToken(error);
    }
  }
}

function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
