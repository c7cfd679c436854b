import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LineLimit } from '../logging/line-limit.js';
import { type ErrorTranslator, toCatalogueError, toErrorReply } from './error-reply.js';
import { toOAuthError, usesOAuthErrors } from './oauth-error.js';
import type { RouteDirectory } from './route-directory.js';

/**
 * Responds to every error, wherever it was thrown, including in Fastify's hooks and parsers. The client receives the text
 * of the catalogue only; the error itself is logged.
 */
@Catch()
export class ApiExceptionFilter implements ExceptionFilter {
  private readonly busyLines = new LineLimit();

  constructor(
    private readonly routes: RouteDirectory,
    private readonly translate: ErrorTranslator,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = isIncomplete(request)
      ? new ApiError('VALIDATION_ERROR')
      : toCatalogueError(thrown, this.translate);
    if (hasDisconnected(request, reply))
      request.log.debug({ err: thrown }, 'The client closed the connection before the response.');
    else if (error.code === 'SERVICE_BUSY') this.logBusy(request, error);
    else if (error.status >= 500) logFault(request, error);
    else if (error.cause !== undefined)
      request.log.debug({ err: error, code: error.code }, 'The request was refused.');
    if (reply.sent || reply.raw.headersSent) {
      // A response that has started can only be aborted, which tells the client that it is incomplete.
      if (!reply.raw.writableEnded) reply.raw.destroy();
      return;
    }
    const target = request.raw.url ?? '';
    const allowed = request.is404 ? this.routes.methodsAt(target) : [];
    const unsupported = allowed.length > 0 && !allowed.includes(request.method);
    const response = toErrorReply(
      unsupported ? new ApiError('METHOD_NOT_ALLOWED') : error,
      request.id,
    );
    const oauth = request.is404 ? this.routes.isOAuth(target) : usesOAuthErrors(request);
    void reply
      .code(response.status)
      .headers(response.headers)
      .headers(unsupported ? { allow: allowed.join(', ') } : {})
      .type('application/json; charset=utf-8')
      .send(oauth ? toOAuthError(response.body) : response.body);
  }

  /** A busy service refuses in bursts. Each refused request has its own line at level info. */
  private logBusy(request: FastifyRequest, error: ApiError): void {
    const { code } = error;
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? null;
    const count = this.busyLines.count(route === null ? '' : `${method} ${route}`);
    if (count === undefined) return;
    request.log.warn(
      { err: error, code, method, route, count },
      'The service is busy and refuses requests.',
    );
  }
}

/** True if the client closed the connection before it had read the response. Whatever failed then may follow from that. */
function hasDisconnected(request: FastifyRequest, { raw }: FastifyReply): boolean {
  return isIncomplete(request) || (raw.destroyed && !raw.writableFinished);
}

/** True if the client closed the connection before its body was complete. */
function isIncomplete(request: FastifyRequest): boolean {
  return request.raw.destroyed && !request.raw.complete;
}

/** An unavailable dependency is a warning; an unexpected error is logged as an error. */
function logFault(request: FastifyRequest, error: ApiError): void {
  const expected = error.status === 503 || error.status === 504;
  request.log[expected ? 'warn' : 'error']({ err: error, code: error.code }, 'The request failed.');
}
