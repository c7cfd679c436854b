import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { AccessTokenClaims } from '@poc-tracker/contracts';
import { type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { type AccessTokenVerifier, SIGNATURE_RULES } from '../token/access-token.verifier.js';

/** A token to verify, and the verifier of the application that received it. */
export interface PresentedToken {
  token: string;
  verifier: AccessTokenVerifier;
}

const presentedTokens = new WeakMap<object, PresentedToken>();

/** Passes a request's token to the strategy. */
export function presentToken(request: object, presented: PresentedToken): void {
  presentedTokens.set(request, presented);
}

function presentedBy(request: object): PresentedToken {
  const presented = presentedTokens.get(request);
  if (presented === undefined) throw new Error('Only JwtAuthGuard can start the jwt strategy.');
  return presented;
}

/**
 * Verifies an access token with passport-jwt. It is stateless, because passport has one registry of strategies per process,
 * in which a second application would replace the keys of the first.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    super({
      jwtFromRequest: (request: object) => presentedBy(request).token,
      secretOrKeyProvider: provideKey,
      jsonWebTokenOptions: SIGNATURE_RULES,
      algorithms: SIGNATURE_RULES.algorithms,
      passReqToCallback: true,
    });
  }

  /** @throws ApiError INVALID_TOKEN if a claim is missing or malformed. */
  override validate(request: object, payload: unknown): AccessTokenClaims {
    const { token, verifier } = presentedBy(request);
    return verifier.accept(token, payload);
  }
}

const provideKey: SecretOrKeyProvider<object> = (request, token: string, done) => {
  let key;
  try {
    key = presentedBy(request).verifier.keyFor(token);
  } catch (error) {
    done(error);
    return;
  }
  // A parsed key verifies twice as many tokens per second as a PEM string. The types of passport-jwt allow PEM only,
  // but it passes the key to jsonwebtoken unchanged.
  done(null, key as unknown as Buffer);
};
