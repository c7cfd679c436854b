import type { RequestListener } from 'node:http';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from 'pino';
import { parseAddress, type ProxyTrust } from '../connection/client-address.js';
import { inTurn, type RequestTurns } from '../connection/in-turn.js';
import { createHttpServer, endBrokenConnection } from '../connection/http-server.js';
import { ApiAdapter } from './api.adapter.js';
import { toCatalogueError, toErrorReply } from '../errors/error-reply.js';
import { createRequestLogger } from '../logging/request.logger.js';
import { API_CONTENT_SECURITY_POLICY } from './security-headers.js';

/** The largest valid body of the API is a few KiB. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** Milliseconds for a whole request to arrive, against clients that send it byte by byte (Slowloris). */
const RECEIVE_TIMEOUT_MS = 30_000;

export interface AdapterOptions {
  logger: Logger;
  /** Whose X-Forwarded-* headers are used. */
  isTrustedProxy: ProxyTrust;
  /** Generates the id of a request. The client's x-request-id is ignored, because it could forge log lines. */
  requestId: () => string;
  /** Milliseconds for a whole request to arrive, if a route accepts uploads. */
  receiveTimeoutMs?: number | undefined;
  turns?: RequestTurns | undefined;
}

/** The Fastify adapter, with limits for requests and the API's error format for requests that fail before routing. */
export function createFastifyAdapter({
  logger,
  isTrustedProxy,
  requestId,
  receiveTimeoutMs = RECEIVE_TIMEOUT_MS,
  turns,
}: AdapterOptions): FastifyAdapter {
  return new ApiAdapter({
    loggerInstance: logger,
    childLoggerFactory: createRequestLogger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    genReqId: requestId,
    trustProxy: (address) => isTrustedProxy(parseAddress(address) ?? ''),
    bodyLimit: BODY_LIMIT_BYTES,
    serverFactory: (handle: RequestListener) =>
      createHttpServer(inTurn(handle, turns, isTrustedProxy), receiveTimeoutMs),
    // `registerGracefulClose` responds during a shutdown, in the API's error format.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: replyBeforeRouting,
    clientErrorHandler: endBrokenConnection,
  });
}

/** For a path that cannot be decoded or a parameter that is too long. No hook runs for such a request. */
function replyBeforeRouting(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, body } = toErrorReply(
    toCatalogueError(error, () => undefined),
    request.id,
  );
  void reply
    .code(status)
    .headers(headers)
    .headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'content-security-policy': API_CONTENT_SECURITY_POLICY,
    })
    .type('application/json; charset=utf-8')
    .send(body);
}
