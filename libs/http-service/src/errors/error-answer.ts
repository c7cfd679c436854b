import { HttpException } from '@nestjs/common';
import { ApiError, ERROR_CATALOGUE, type ErrorBody, type ErrorCode } from '@poc-tracker/contracts';

/** Tells what a foreign error (of the database, above all) means in the catalogue; undefined when it does not know. */
export type ErrorTranslator = (error: unknown) => ApiError | undefined;

export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: ErrorBody;
}

/** Codes for the statuses that frameworks answer by themselves; any other 4xx is a request that is not valid. */
const CODES_BY_STATUS: Partial<Record<number, ErrorCode>> = {
  401: 'AUTH_REQUIRED',
  403: 'INSUFFICIENT_PERMISSIONS',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMIT_EXCEEDED',
  503: 'SERVICE_UNAVAILABLE',
};

/** Codes that tell a client that the token it sent is the trouble (RFC 6750, 3.1). */
const TOKEN_CODES = new Set<ErrorCode>(['INVALID_TOKEN', 'TOKEN_REVOKED', 'SESSION_EXPIRED']);

/** The catalogue's error for anything that was thrown; INTERNAL_ERROR, with the original as cause, for the unforeseen. */
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
 * The status of an error of Fastify itself. A `statusCode` on any other error is not believed: a driver or an HTTP
 * client that failed inside a handler is our fault, not the caller's.
 */
function frameworkStatus(error: unknown): number {
  if (!(error instanceof Error)) return 500;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known =
    typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number';
  return known ? statusCode : 500;
}

/** The public form of an error: the contract's envelope, and the headers that belong to its status. */
export function toErrorAnswer(error: ApiError, requestId: string): ErrorAnswer {
  const { code, status, details, retryAfter } = error;
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      ...(retryAfter !== undefined && {
        'retry-after': String(Math.max(1, Math.ceil(retryAfter))),
      }),
      ...(status === 401 && { 'www-authenticate': challenge(code) }),
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

function challenge(code: ErrorCode): string {
  // RFC 6749, 5.2
  if (code === 'INVALID_CLIENT') return 'Basic realm="poc-tracker", charset="UTF-8"';
  const realm = 'Bearer realm="poc-tracker"';
  if (!TOKEN_CODES.has(code)) return realm;
  return `${realm}, error="invalid_token", error_description="${ERROR_CATALOGUE[code].message}"`;
}
