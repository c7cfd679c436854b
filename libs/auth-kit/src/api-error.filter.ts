import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type StepUpDetails, stepUpChallenge } from './policy/fresh-auth.js';
import { ApiError, ERROR_CATALOGUE, type ErrorCode } from '@poc-tracker/contracts';

/** Codes that mean the token is invalid (RFC 6750, 3.1). */
const TOKEN_CODES = new Set<ErrorCode>(['INVALID_TOKEN', 'TOKEN_REVOKED', 'SESSION_EXPIRED']);

/**
 * Responds to the errors of the guards with `error`, `code`, `status` and optional `details`, for an application without
 * its own filter for {@link ApiError}. The cause is not sent.
 */
@Catch(ApiError)
export class ApiErrorFilter implements ExceptionFilter<ApiError> {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: ApiError, host: ArgumentsHost): void {
    const { httpAdapter } = this.host;
    const response: unknown = host.switchToHttp().getResponse();
    const { code, status, details, retryAfter } = error;
    httpAdapter.setHeader(response, 'cache-control', 'no-store');
    if (status === 401) httpAdapter.setHeader(response, 'www-authenticate', challenge(error));
    if (retryAfter !== undefined)
      httpAdapter.setHeader(response, 'retry-after', String(Math.max(1, Math.ceil(retryAfter))));
    const message = status >= 500 ? ERROR_CATALOGUE[code].message : error.message;
    const body = { error: message, code, status, ...(details !== undefined && { details }) };
    httpAdapter.reply(response, body, status);
  }
}

function challenge({ code, details }: ApiError): string {
  const realm = 'Bearer realm="poc-tracker"';
  if (code === 'STEP_UP_REQUIRED') return `${realm}, ${stepUpChallenge(details as StepUpDetails)}`;
  return TOKEN_CODES.has(code)
    ? `${realm}, error="invalid_token", error_description="${ERROR_CATALOGUE[code].message}"`
    : realm;
}
