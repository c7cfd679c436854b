import { HttpException } from '@nestjs/common';
import { type StepUpDetails, stepUpChallenge } from '@poc-tracker/auth-kit';
import { ApiError, ERROR_CATALOGUE, type ErrorBody, type ErrorCode } from '@poc-tracker/contracts';

/** Maps an error of another library, such as the database driver, to the catalogue; undefined if it is unknown. */
export type ErrorTranslator = (error: unknown) => ApiError | undefined;

export interface ErrorReply {
  status: number;
  headers: Record<string, string>;
  body: ErrorBody;
}

/** Codes for the statuses of framework errors. Any other 4xx is VALIDATION_ERROR. */
const CODES_BY_STATUS: Partial<Record<number, ErrorCode>> = {
  401: 'AUTH_REQUIRED',
  403: 'INSUFFICIENT_PERMISSIONS',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  431: 'HEADERS_TOO_LARGE',
  429: 'RATE_LIMIT_EXCEEDED',
  503: 'SERVICE_UNAVAILABLE',
};

/** Codes that mean the token is invalid (RFC 6750, 3.1). */
const TOKEN_CODES = new Set<ErrorCode>(['INVALID_TOKEN', 'TOKEN_REVOKED', 'SESSION_EXPIRED']);

/** Converts anything thrown to an error of the catalogue. An unexpected error is the cause of an INTERNAL_ERROR. */
export function toCatalogueError(error: unknown, translate: ErrorTranslator): ApiError {
  if (error instanceof ApiError) return error;
  const translated = translate(error);
  if (translated !== undefined) return translated;
  const status = error instanceof HttpException ? error.getStatus() : frameworkStatus(error);
  const code =
    CODES_BY_STATUS[status] ??
    (status >= 400 && status < 500 ? 'VALIDATION_ERROR' : 'INTERNAL_ERROR');
  return new ApiError(code, { cause: error });
}

/**
 * The status of an error of Fastify itself. The `statusCode` of any other error is ignored: a driver or an HTTP client
 * that failed in a handler is a fault of the service, not of the caller.
 */
function frameworkStatus(error: unknown): number {
  if (!(error instanceof Error)) return 500;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known =
    typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number';
  return known ? statusCode : 500;
}

/** The public response to an error: the body, and the headers that its status requires. */
export function toErrorReply(error: ApiError, requestId: string): ErrorReply {
  const { code, status, details, retryAfter } = error;
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      ...(retryAfter !== undefined && {
        'retry-after': String(Math.max(1, Math.ceil(retryAfter))),
      }),
      ...(status === 401 && { 'www-authenticate': challenge(error) }),
    },
    body: {
      error: status >= 500 ? ERROR_CATALOGUE[code].message : error.message,
      code,
      status,
      requestId,
      ...(details !== undefined && { details }),
    },
  };
}

function challenge({ code, details }: ApiError): string {
  // RFC 6749, 5.2
  if (code === 'INVALID_CLIENT') return 'Basic realm="poc-tracker", charset="UTF-8"';
  const realm = 'Bearer realm="poc-tracker"';
  if (code === 'STEP_UP_REQUIRED') return `${realm}, ${stepUpChallenge(details as StepUpDetails)}`;
  if (!TOKEN_CODES.has(code)) return realm;
  return `${realm}, error="invalid_token", error_description="${ERROR_CATALOGUE[code].message}"`;
}
