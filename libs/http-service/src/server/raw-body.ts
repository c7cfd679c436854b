import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RouteOption } from './route-option.js';

interface RawBodyConfig {
  rawBody?: boolean;
}

/** What a diverted body is of for the parsers. No client's business: elsewhere it is refused like any other type. */
const UNREAD = 'application/x-poc-tracker-unread';

/** Milliseconds for a body that is parsed to arrive, where bodies that are streamed may take longer. */
const PARSED_BODY_TIMEOUT_MS = 30_000;

/** The Content-Type that the client sent, as it sent it. */
const statedTypes = new WeakMap<FastifyRequest, string | undefined>();

/**
 * The route takes a body of any type and any length, which its handler reads from `request.raw` itself. Nothing of it is
 * read before the guards have let the request in.
 */
export function RawBody(): MethodDecorator {
  return RouteOption({ rawBody: true } satisfies RawBodyConfig);
}

/** The media type of the body of a `@RawBody()` route; undefined when the client stated none. */
export function rawBodyType(request: FastifyRequest): string | undefined {
  return statedTypes.get(request);
}

/**
 * Keeps the bodies of `@RawBody()` routes from the parsers, and closes the connection of a request that was answered
 * before its body had arrived: reading on would let a refused client send for as long as it likes.
 */
export function registerRawBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (takesRawBody(request)) {
      statedTypes.set(request, request.headers['content-type']);
      request.headers['content-type'] = UNREAD;
    }
    done();
  });
  fastify.addContentTypeParser(UNREAD, (request, _payload, done) => {
    if (takesRawBody(request)) done(null, undefined);
    else done(new ApiError('UNSUPPORTED_MEDIA_TYPE'));
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    if (takesRawBody(request) && !request.raw.complete) reply.header('connection', 'close');
    done();
  });
}

/** Holds all other bodies to their time where the server as a whole gives a request longer. */
export function limitParsedBodies(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    if (!takesRawBody(request) && !request.raw.complete) {
      const timer = setTimeout(() => request.raw.destroy(), PARSED_BODY_TIMEOUT_MS);
      request.raw.once('end', () => clearTimeout(timer));
      request.raw.once('close', () => clearTimeout(timer));
    }
    done(null, payload);
  });
}

function takesRawBody(request: FastifyRequest): boolean {
  return (request.routeOptions.config as RawBodyConfig | undefined)?.rawBody === true;
}
