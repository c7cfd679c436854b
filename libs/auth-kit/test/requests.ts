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

/** A request as the guards see it, with its raw header fields. */
export function requestWith(...fields: [name: string, value: string][]): Request {
  const headers: Record<string, string> = {};
  // Node keeps the first of several Authorization headers.
  for (const [name, value] of fields) headers[name.toLowerCase()] ??= value;
  return { headers, raw: { rawHeaders: fields.flat() } };
}

const authenticated = () => undefined;
Authenticated()({}, 'authenticated', { value: authenticated });

/** The context of a request to a handler, by default of an `@Authenticated()` route. */
export function contextOf(
  request: Request,
  handler: () => unknown = authenticated,
): ExecutionContext {
  const http = { getRequest: () => request, getResponse: () => ({}) };
  return { getHandler: () => handler, switchToHttp: () => http } as unknown as ExecutionContext;
}

/** Returns rights that a test can change, and records the claims it was called with. */
export class FakeSessionStatus extends SessionStatusService {
  readonly queries: SessionClaims[] = [];
  rights: CurrentRights = {
    role: 'user',
    permissions: [],
    factors: [],
    factorDue: null,
    tenant: { ...TENANT, features: effectiveFeatures('basic', {}) },
  };
  refusal: Error | undefined;
  /** Returns a promise, as for a session that is not cached. */
  later = false;

  constructor() {
    super({ source: { fetch: () => Promise.reject(new Error('A fake has no source.')) } });
  }

  override currentRights(claims: SessionClaims): CurrentRights | Promise<CurrentRights> {
    this.queries.push(claims);
    if (this.refusal) throw this.refusal;
    const { role, permissions } = this.rights;
    const rights = { ...this.rights, permissions: effectivePermissions(role, permissions) };
    return this.later ? Promise.resolve(rights) : rights;
  }
}

/** The guard with its real collaborators except the session status. */
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
