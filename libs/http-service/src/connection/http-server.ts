import { randomUUID } from 'node:crypto';
import {
  createServer,
  METHODS,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import { ApiError, type ErrorCode } from '@poc-tracker/contracts';
import { toErrorReply } from '../errors/error-reply.js';

/** Longer than load balancers keep an idle connection, so that they close it first and send no request into its end. */
const KEEP_ALIVE_MS = 72_000;

/** Milliseconds for the headers to arrive, also where a body may take an hour: an idle client would hold a connection. */
const HEADERS_MS = 30_000;

/** The code of Node's parser for headers above its limit. */
const HEADER_OVERFLOW = 'HPE_HEADER_OVERFLOW';

/** A client that reads nothing of a response for so long is disconnected: it keeps a connection and memory in use. */
const UNREAD_MS = 30_000;

/** How often a connection is checked within that time. A single check may meet a part that was written just before. */
const STALLED_CHECKS = 3;

/** How late the end of the time for a request is noticed. */
const CHECK_MS = 1_000;

/** Milliseconds for a client to read the last response before its connection is destroyed. */
const LAST_RESPONSE_MS = 1_000;

/** Node's parser also accepts the methods of RTSP, which the router does not know. */
const HTTP_METHODS = new Set(METHODS);

/** The response to the only request of a connection so far; null after another request. */
const responses = new WeakMap<Socket, ServerResponse | null>();

/**
 * Node's HTTP server for Fastify's `serverFactory`.
 * @param receiveTimeoutMs for a whole request to arrive.
 * @param headersTimeoutMs for its headers.
 * @param unreadTimeoutMs for a client that reads nothing of a response.
 */
export function createHttpServer(
  handle: RequestListener,
  receiveTimeoutMs: number,
  { headersTimeoutMs = HEADERS_MS, unreadTimeoutMs = UNREAD_MS } = {},
): Server {
  const receive: RequestListener = (request, response) => {
    const { socket } = request;
    if (HTTP_METHODS.has(request.method ?? '')) {
      responses.set(socket, responses.has(socket) ? null : response);
      // Node's parser stops at the end of such a request, and no further one of the connection would get a response.
      if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
      handle(request, response);
    } else endBrokenConnection(undefined, socket);
  };
  const server = createServer(
    {
      requestTimeout: receiveTimeoutMs,
      headersTimeout: Math.min(headersTimeoutMs, receiveTimeoutMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_MS,
      // Node would refuse such a request without a body; `refuseUnclearHosts` does in the API's error format.
      requireHostHeader: false,
    },
    receive,
  );
  server.on('connection', (socket) => {
    watchReader(socket, unreadTimeoutMs);
  });
  // Unknown expectations may be ignored (RFC 9110, 10.1.1); Node would refuse them without a body.
  return server.on('checkExpectation', receive);
}

/**
 * For malformed HTTP, headers above Node's limit and a request that does not arrive in time. The connection always ends,
 * even if the client does not close its side. The client gets a response if this is the first request of the connection and
 * has none yet. Otherwise the bytes would be taken for a part of a response that is being written, or for the response to
 * another request that a proxy sends over the same connection (CWE-444).
 */
export function endBrokenConnection(
  error: NodeJS.ErrnoException | undefined,
  socket: Socket,
): void {
  if (error?.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (awaitsFirstResponse(socket))
    socket.end(refusal(error?.code === HEADER_OVERFLOW ? 'HEADERS_TOO_LARGE' : 'VALIDATION_ERROR'));
  else socket.destroySoon();
  setTimeout(() => socket.destroy(), LAST_RESPONSE_MS).unref();
}

/** After a request that has been read completely, the connection only closes: what follows it gets no response. */
function awaitsFirstResponse(socket: Socket): boolean {
  const response = responses.get(socket);
  if (response === undefined) return true;
  return response !== null && !response.headersSent && !response.req.complete;
}

function refusal(code: ErrorCode): string {
  const { status, body } = toErrorReply(new ApiError(code), randomUUID());
  const text = JSON.stringify(body);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Cache-Control: no-store',
    'Connection: close',
    '',
    text,
  ].join('\r\n');
}

/**
 * Ends the connection when nothing of what waits to be sent was taken for so long. Node's own timeout of a socket starts again
 * with every byte that the client sends.
 */
function watchReader(socket: Socket, timeoutMs: number): void {
  const sent = (): number => socket.bytesWritten - socket.writableLength;
  let last = sent();
  let stalls = 0;
  const timer = setInterval(() => {
    const isStalled = socket.writableLength > 0 && sent() === last;
    stalls = isStalled ? stalls + 1 : 0;
    last = sent();
    if (stalls > STALLED_CHECKS) socket.destroy();
  }, timeoutMs / STALLED_CHECKS).unref();
  socket.once('close', () => {
    clearInterval(timer);
  });
}
