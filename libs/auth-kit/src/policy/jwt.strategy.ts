import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { AccessTokenClaims } from '@poc-tracker/contracts';
import { type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { type AccessTokenVerifier, SIGNATURE_RULES } from '../token/access-token.verifier.js';

/** A token to verify, and the rules of the application that it was sent to. */
export interface PresentedToken {
  token: string;
  verifier: AccessTokenVerifier;
}

const presentedTokens = new WeakMap<object, PresentedToken>();

/** Hands a request's token to the strategy. */
export function presentToken(request: object, presented: PresentedToken): void {
  presentedTokens.set(request, presented);
}

function presentedBy(request: object): PresentedToken {
  const presented = presentedTokens.get(request);
  if (presented === undefined) throw new Error('Only JwtAuthGuard can start the jwt strategy.');
  return presented;
}

/**
 * Verifies an access token with passport-jwt. It holds nothing of an application: passport keeps
 * one register of strategies a process, in which a second application would otherwise replace the
 * keys of the first.
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

  /** @throws ApiError INVALID_TOKEN when a claim has not the right shape. */
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
  // A parsed key verifies twice as many tokens a second as PEM text. The types of passport-jwt know
  // PEM only; it passes the key on to jsonwebtoken as it is.
  done(null, key as unknown as Buffer);
};
