import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { effectiveFeatures, effectivePermissions } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import { AccessTokenVerifier } from '../src/token/access-token.verifier.js';
import { JwtAuthGuard } from '../src/policy/jwt-auth.guard.js';
import { JwtStrategy } from '../src/policy/jwt.strategy.js';
import { Authenticated } from '../src/policy/route-policy.js';
import { RoutePolicyReader } from '../src/policy/route-policy.reader.js';
import type { CurrentRights, SessionClaims } from '../src/session-status/session-status.js';
import { SessionStatusService } from '../src/session-status/session-status.service.js';
import { PARTIES, ring, TENANT } from './token-forge.js';

type Request = Pick<FastifyRequest, 'headers' | 'principal'> & { raw: { rawHeaders: string[] } };

/** A request as the guards see it, with the header fields as they came over the wire. */
export function requestWith(...fields: [name: string, value: string][]): Request {
  const headers: Record<string, string> = {};
  // Like Node: the first of several Authorization headers stays.
  for (const [name, value] of fields) headers[name.toLowerCase()] ??= value;
  return { headers, raw: { rawHeaders: fields.flat() } };
}

const authenticated = () => undefined;
Authenticated()({}, 'authenticated', { value: authenticated });

/**
 * The context of a request to a handler; without one, to a route that only needs a signed-in
 * person.
 */
export function contextOf(
  request: Request,
  handler: () => unknown = authenticated,
): ExecutionContext {
  const http = { getRequest: () => request, getResponse: () => ({}) };
  return { getHandler: () => handler, switchToHttp: () => http } as unknown as ExecutionContext;
}

/** Answers with rights that a test can change, and counts how often it was asked. */
export class FakeSessionStatus extends SessionStatusService {
  readonly asked: SessionClaims[] = [];
  rights: CurrentRights = {
    role: 'user',
    permissions: [],
    tenant: { ...TENANT, features: effectiveFeatures('basic', {}) },
  };
  refusal: Error | undefined;
  /** Answers like standings that must be asked for first. */
  later = false;

  constructor() {
    super({ source: { ask: () => Promise.reject(new Error('A test asked nobody.')) } });
  }

  override currentRights(claims: SessionClaims): CurrentRights | Promise<CurrentRights> {
    this.asked.push(claims);
    if (this.refusal) throw this.refusal;
    const { role, permissions } = this.rights;
    const rights = { ...this.rights, permissions: effectivePermissions(role, permissions) };
    return this.later ? Promise.resolve(rights) : rights;
  }
}

/** The guard with its real collaborators but the standings. */
export function createGuard(verifier = new AccessTokenVerifier(ring, PARTIES)): {
  guard: JwtAuthGuard;
  sessionStatus: FakeSessionStatus;
  verifier: AccessTokenVerifier;
} {
  new JwtStrategy();
  const sessionStatus = new FakeSessionStatus();
  const guard = new JwtAuthGuard(verifier, sessionStatus, new RoutePolicyReader(new Reflector()));
  return { guard, sessionStatus, verifier };
}
