import { AsyncLocalStorage } from 'node:async_hooks';
import type { Permission, Role, TenantSnapshot } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestLifetime } from './request-lifetime.js';
import type { TenantTransaction } from '../transaction/tenant-transaction.js';

/** Where a request came from. */
export interface RequestClient {
  /** Null if the client had closed the connection before its request was read. */
  readonly ipAddress: string | null;
  /** As the client sent it, truncated. */
  readonly userAgent: string | null;
  /** The header Accept-Language, truncated. Absent without one. */
  readonly acceptLanguage?: string;
}

/** Longer than any real user agent; a header may have 16 KiB. */
const MAX_USER_AGENT_LENGTH = 512;

/** Longer than browsers send. To choose among its languages takes longer the more it has. */
const MAX_ACCEPT_LANGUAGE_LENGTH = 200;

/** The current request. The guards set tenant and user. */
export interface RequestContext {
  readonly requestId: string;
  /** Absent without a connection, as in tests of the library. */
  readonly client?: RequestClient;
  tenant?: TenantSnapshot;
  /** The authenticated user with their rights as they are now. */
  user?: { id: string; role: Role; permissions: readonly Permission[] };
}

/** Who makes a request, according to a verified access token. */
interface RequestPrincipal {
  readonly tenant: TenantSnapshot;
  readonly userId: string;
  readonly role: Role;
  readonly permissions: readonly Permission[];
}

/** The context of asynchronous calls. A background job has an explicit transaction and no request. */
interface Scope {
  readonly request?: { readonly context: RequestContext; readonly lifetime: RequestLifetime };
  /** The transaction of the innermost `TenantDatabase.transaction()`. */
  readonly explicit?: TenantTransaction;
}

const scopes = new AsyncLocalStorage<Scope>();

/**
 * The current request.
 * @throws Error outside of a request.
 */
export function currentRequest(): RequestContext {
  return requestScope().context;
}

/**
 * Sets the tenant and the user of the current request, from which its transaction is opened.
 * @throws Error outside of a request.
 */
export function setRequestPrincipal({
  tenant,
  userId: id,
  role,
  permissions,
}: RequestPrincipal): void {
  const current = currentRequest();
  current.tenant = tenant;
  current.user = { id, role, permissions };
}

/** The current request, if any. */
export function findCurrentRequest(): RequestContext | undefined {
  return scopes.getStore()?.request?.context;
}

/** Aborted when the current request is, such as by a client that disconnects. Undefined outside of a request. */
export function currentRequestSignal(): AbortSignal | undefined {
  return scopes.getStore()?.request?.lifetime.signal;
}

const NONE: ReadonlySet<string | null> = new Set();

/**
 * The tenants whose transactions the current request has committed, or may have; null for a transaction of the operators' login,
 * which may change any tenant. Empty outside of a request.
 */
export function changedTenants(): ReadonlySet<string | null> {
  return scopes.getStore()?.request?.lifetime.changedTenants ?? NONE;
}

/** Runs `work`, and everything that it starts, outside of the current request, which it may outlive. */
export function runOutsideRequest<T>(work: () => T): T {
  return scopes.exit(work);
}

/** The client of a request. The edge of the service has brought `ip` into its one form. */
export function clientOf(request: Pick<FastifyRequest, 'ip' | 'headers'>): RequestClient {
  const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH);
  const acceptLanguage = request.headers['accept-language']?.slice(0, MAX_ACCEPT_LANGUAGE_LENGTH);
  return {
    ipAddress: request.ip || null,
    userAgent: userAgent || null,
    ...(acceptLanguage && { acceptLanguage }),
  };
}

/** Runs `work`, and everything that it starts, as part of a request. */
export function runInRequestContext<T>(context: RequestContext, work: () => T): T {
  return scopes.run({ request: { context, lifetime: new RequestLifetime() } }, work);
}

/**
 * Creates the context of every request in a preHandler hook, the last one before the guards: before it the body is read in
 * stream events, which may not preserve the asynchronous context.
 */
export function registerRequestContext(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', (request, _reply, done) => {
    runInRequestContext({ requestId: request.id, client: clientOf(request) }, done);
  });
}

/** Internal to the library. @throws Error outside of a request. */
export function requestScope(): NonNullable<Scope['request']> {
  const request = scopes.getStore()?.request;
  if (request === undefined) {
    throw new Error(
      'There is no request context. Call registerRequestContext(fastify) once when you set up the application. ' +
        'Outside of a request use TenantDatabase.transaction().',
    );
  }
  return request;
}

/** Internal to the library. */
export function currentScope(): Scope {
  return scopes.getStore() ?? {};
}

/** Internal to the library. Runs `work` with `transaction` as the current transaction. */
export function runInTransaction<T>(transaction: TenantTransaction, work: () => T): T {
  return scopes.run({ ...scopes.getStore(), explicit: transaction }, work);
}
