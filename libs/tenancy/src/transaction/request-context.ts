import { AsyncLocalStorage } from 'node:async_hooks';
import { isIP } from 'node:net';
import type { Permission, Role, TenantSnapshot } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestLifetime } from './request-lifetime.js';
import type { TenantTransaction } from './tenant-transaction.js';

/** Where a request came from. */
export interface RequestClient {
  /** Null behind a trusted proxy that has passed on text which is no address. */
  readonly ipAddress: string | null;
  /** The client's own words, cut to a length that real ones stay below. */
  readonly userAgent: string | null;
}

/** Longest user agent that is kept: a header may be 16 KiB of anything. */
const MAX_USER_AGENT_LENGTH = 512;

/** What is known of the request being answered; the guards fill in tenant and user. */
export interface RequestContext {
  readonly requestId: string;
  /** Who asks; absent where nobody does, as in tests of the library. */
  readonly client?: RequestClient;
  tenant?: TenantSnapshot;
  /** The authenticated user with their rights as they are now. */
  user?: { id: string; role: Role; permissions: readonly Permission[] };
}

/** What travels with the flow of control. A background job has an explicit transaction and no request. */
interface Scope {
  readonly request?: { readonly context: RequestContext; readonly lifetime: RequestLifetime };
  /** The transaction of the innermost `TenantDatabase.transaction()`. */
  readonly explicit?: TenantTransaction;
}

const scopes = new AsyncLocalStorage<Scope>();

/**
 * The request that is being answered.
 * @throws Error outside of a request.
 */
export function currentRequest(): RequestContext {
  return requestScope().context;
}

/** The request that is being answered, if one is. */
export function findCurrentRequest(): RequestContext | undefined {
  return scopes.getStore()?.request?.context;
}

/** Runs `work`, and everything that it starts, as part of no request: it may outlive the one at hand. */
export function runOutsideRequest<T>(work: () => T): T {
  return scopes.exit(work);
}

/** Where a request came from, as far as its connection and its headers tell. */
export function clientOf(request: Pick<FastifyRequest, 'ip' | 'headers'>): RequestClient {
  const address = request.ip.split('%', 1)[0] ?? '';
  const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH);
  return { ipAddress: isIP(address) === 0 ? null : address, userAgent: userAgent || null };
}

/** Runs `work`, and everything that it starts, as part of a request. */
export function runInRequestContext<T>(context: RequestContext, work: () => T): T {
  return scopes.run({ request: { context, lifetime: new RequestLifetime() } }, work);
}

/**
 * Gives every request its context. A preHandler hook, the last before the guards: a body is read in stream events
 * before it, and whether these keep a context is up to whoever reads it (Fastify's own parsers do).
 */
export function registerRequestContext(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', (request, _reply, done) => {
    runInRequestContext({ requestId: request.id, client: clientOf(request) }, done);
  });
}

/** Of the library itself. @throws Error outside of a request. */
export function requestScope(): NonNullable<Scope['request']> {
  const request = scopes.getStore()?.request;
  if (request === undefined) {
    throw new Error(
      'There is no request context here. Inside a request it is opened by registerRequestContext(fastify), which the ' +
        'set-up of the application calls once; work outside of any request uses TenantDatabase.transaction().',
    );
  }
  return request;
}

/** Of the library itself. */
export function currentScope(): Scope {
  return scopes.getStore() ?? {};
}

/** Of the library itself: runs `work` with `transaction` as the one that statements go to. */
export function runInTransaction<T>(transaction: TenantTransaction, work: () => T): T {
  return scopes.run({ ...scopes.getStore(), explicit: transaction }, work);
}
