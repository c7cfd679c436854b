import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RouteOption } from '../server/route-option.js';

interface RawBodyConfig {
  rawBody?: boolean;
}

/** Internal content type of raw bodies. A client that sends it to another route gets 415, as for any unknown type. */
const RAW = 'application/x-poc-tracker-unread';

/** Milliseconds for a parsed body to arrive, where raw bodies may take longer. */
const PARSED_BODY_TIMEOUT_MS = 30_000;

/** The Content-Type as the client sent it. */
const originalTypes = new WeakMap<FastifyRequest, string | undefined>();

/**
 * Accepts a body of any type and length, which the handler reads from `request.raw`. Nothing of it is read before the
 * guards have authorized the request.
 */
export function RawBody(): MethodDecorator {
  return RouteOption({ rawBody: true } satisfies RawBodyConfig);
}

/** The media type of the body of a `@RawBody()` route; undefined if the client sent none. */
export function rawBodyType(request: FastifyRequest): string | undefined {
  return originalTypes.get(request);
}

/**
 * Excludes the bodies of `@RawBody()` routes from parsing, and closes the connection after a response to an incomplete
 * request. Otherwise a refused client could continue to send.
 */
export function registerRawBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (acceptsRawBody(request)) {
      originalTypes.set(request, request.headers['content-type']);
      request.headers['content-type'] = RAW;
    }
    done();
  });
  fastify.addContentTypeParser(RAW, (request, _payload, done) => {
    if (acceptsRawBody(request)) done(null, undefined);
    else done(new ApiError('UNSUPPORTED_MEDIA_TYPE'));
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (acceptsRawBody(request) && !request.raw.complete) reply.header('connection', 'close');
    done();
  });
}

/** Applies {@link PARSED_BODY_TIMEOUT_MS} to all other bodies, if the server's own timeout is longer. */
export function limitParsedBodies(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    if (!acceptsRawBody(request) && !request.raw.complete) {
      const timer = setTimeout(() => request.raw.destroy(), PARSED_BODY_TIMEOUT_MS);
      request.raw.once('end', () => clearTimeout(timer));
      request.raw.once('close', () => clearTimeout(timer));
    }
    done(null, payload);
  });
}

function acceptsRawBody(request: FastifyRequest): boolean {
  return (request.routeOptions.config as RawBodyConfig | undefined)?.rawBody === true;
}
