import { applyDecorators } from '@nestjs/common';
import { ApiExtension, ApiExtraModels, ApiProperty } from '@nestjs/swagger';
import type { ErrorBody, ErrorCode, FieldError } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import { RouteOption } from '../server/route-option.js';

interface OAuthErrorsConfig {
  oauthErrors?: boolean;
}

const OAUTH_ERRORS = [
  'invalid_client',
  'invalid_request',
  'server_error',
  'temporarily_unavailable',
] as const;

type OAuthErrorCode = (typeof OAUTH_ERRORS)[number];

/** The body of every error of an OAuth route (RFC 6749, 5.2), for the OpenAPI document. */
export class OAuthErrorResponse {
  @ApiProperty({ enum: OAUTH_ERRORS, example: 'invalid_client' })
  error: OAuthErrorCode;

  @ApiProperty({
    description: 'A message for developers. It may change.',
    example: 'The client credentials are wrong or missing.',
  })
  error_description: string;
}

/** The property of an operation whose errors have the format of OAuth. */
export const OAUTH_ERRORS_EXTENSION = 'x-oauth-errors';

/** Responds to all errors of a route in the format of OAuth, which its clients understand, instead of the API's. */
export function OAuthErrors(): MethodDecorator {
  return applyDecorators(
    RouteOption({ oauthErrors: true } satisfies OAuthErrorsConfig),
    ApiExtraModels(OAuthErrorResponse),
    ApiExtension(OAUTH_ERRORS_EXTENSION, true),
  );
}

/** True on an `@OAuthErrors()` route. */
export function usesOAuthErrors(request: FastifyRequest): boolean {
  return hasOAuthErrors(request.routeOptions.config);
}

/** True for the options of an `@OAuthErrors()` route. */
export function hasOAuthErrors(config: object | undefined): boolean {
  return (config as OAuthErrorsConfig | undefined)?.oauthErrors === true;
}

export function toOAuthErrorCode(code: ErrorCode, status: number): OAuthErrorCode {
  if (code === 'INVALID_CLIENT') return 'invalid_client';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

/** The same error in the format of OAuth. Its status and headers stay the same. */
export function toOAuthError({ code, status, error, details }: ErrorBody): OAuthErrorResponse {
  const fields =
    code === 'VALIDATION_ERROR' && details !== undefined
      ? (details as FieldError[]).map(({ field, message }) => ` ${field}: ${message}.`)
      : [];
  return {
    error: toOAuthErrorCode(code, status),
    // The characters that RFC 6749, 5.2 allows; the client chooses the names of unknown fields.
    error_description: [error, ...fields].join('').replace(/[^\x20-\x7e]|["\\]/g, '?'),
  };
}
