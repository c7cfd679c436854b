import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorTranslator, toCatalogueError, toErrorAnswer } from './error-answer.js';
import type { RouteDirectory } from '../server/route-directory.js';

/**
 * The one place where an error becomes an answer, wherever it was thrown: Nest sends what Fastify's hooks and parsers
 * throw through here too. Only the catalogue's text reaches the client; the error itself goes to the log.
 */
@Catch()
export class ApiExceptionFilter implements ExceptionFilter {
  constructor(
    private readonly routes: RouteDirectory,
    private readonly translate: ErrorTranslator,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = isCutShort(request)
      ? new ApiError('VALIDATION_ERROR')
      : toCatalogueError(thrown, this.translate);
    if (error.status >= 500) logFault(request, error);
    else if (error.cause !== undefined)
      request.log.debug({ err: error, code: error.code }, 'The request was refused.');
    if (reply.sent || reply.raw.headersSent) {
      // An answer that has begun can only be cut: that alone tells the client that it is not whole.
      if (!reply.raw.writableEnded) reply.raw.destroy();
      return;
    }
    const allowed = request.is404 ? this.routes.methodsAt(request.raw.url ?? '') : [];
    const misused = allowed.length > 0 && !allowed.includes(request.method);
    const answer = toErrorAnswer(misused ? new ApiError('METHOD_NOT_ALLOWED') : error, request.id);
    void reply
      .code(answer.status)
      .headers(answer.headers)
      .headers(misused ? { allow: allowed.join(', ') } : {})
      .type('application/json; charset=utf-8')
      .send(answer.body);
  }
}

/** True when the client hung up before its body was complete: nobody reads the answer and nothing is at fault. */
function isCutShort(request: FastifyRequest): boolean {
  return request.raw.destroyed && !request.raw.complete;
}

/** What is missing is warned of in one line, what nobody foresaw is an error with its stack. */
function logFault(request: FastifyRequest, error: ApiError): void {
  const foreseen = error.status === 503;
  request.log[foreseen ? 'warn' : 'error']({ err: error, code: error.code }, 'The request failed.');
}
