import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { ApiError } from '@poc-tracker/contracts';
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from 'pino';
import { ApiAdapter } from './api.adapter.js';
import { toCatalogueError, toErrorAnswer } from '../errors/error-answer.js';
import { createRequestLogger } from '../logging/request.logger.js';
import { API_CONTENT_SECURITY_POLICY } from './security-headers.js';

/** The largest body of the API is a few KiB: more is an attempt to make the parser work. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** Milliseconds for a whole request to arrive: bounds clients that send a byte now and then (Slowloris). */
const RECEIVE_TIMEOUT_MS = 30_000;

export interface AdapterOptions {
  logger: Logger;
  /** Addresses or CIDR ranges whose X-Forwarded-* headers are believed; from anybody else they are ignored. */
  trustedProxies: readonly string[];
  /** Makes the id of a request. The client's own x-request-id is never taken over: it could forge log lines. */
  requestId: () => string;
  /** Milliseconds for a whole request to arrive, where a route takes what a slow client needs long to send. */
  receiveTimeoutMs?: number | undefined;
}

/** Fastify under Nest, with the limits of the edge and its error form for what fails before any route is found. */
export function createFastifyAdapter({
  logger,
  trustedProxies,
  requestId,
  receiveTimeoutMs = RECEIVE_TIMEOUT_MS,
}: AdapterOptions): FastifyAdapter {
  return new ApiAdapter({
    loggerInstance: logger,
    childLoggerFactory: createRequestLogger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId',
    }),
    genReqId: requestId,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: receiveTimeoutMs,
    // Shutting down is answered in the API's own form, by `registerGracefulClose`.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: answerBeforeRouting,
    clientErrorHandler: answerBrokenHttp,
  });
}

/** A path that cannot be decoded, or a parameter longer than any id: no hook has run and none will. */
function answerBeforeRouting(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, body } = toErrorAnswer(
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

/** Bytes that are no HTTP, headers past Node's limit, a request that never ends: there is only the socket to write to. */
function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body } = toErrorAnswer(new ApiError('VALIDATION_ERROR'), randomUUID());
  const text = JSON.stringify(body);
  socket.end(
    [
      `HTTP/1.1 ${status} Bad Request`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(text)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      text,
    ].join('\r\n'),
  );
}
