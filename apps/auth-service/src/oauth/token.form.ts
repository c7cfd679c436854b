import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader } from '@nestjs/swagger';
import { ApiError } from '@poc-tracker/contracts';
import { fieldsOf } from './clients/client-authentication.js';

/** Tokens of this service are shorter; longer text is refused without being parsed. */
const MAX_TOKEN_LENGTH = 8 * 1024;

/**
 * The token of the form. Unrecognized fields are ignored (RFC 6749, 3.1).
 * @throws ApiError VALIDATION_ERROR if it is missing.
 */
export function tokenOf(body: unknown): string {
  const { token } = fieldsOf(body);
  if (typeof token !== 'string' || token === '' || token.length > MAX_TOKEN_LENGTH)
    throw ApiError.validation({
      field: 'token',
      message: `must be a token of at most ${MAX_TOKEN_LENGTH} characters`,
    });
  return token;
}

/** Documents the form of both routes and the client's credentials. */
export function ApiTokenForm(): MethodDecorator {
  return applyDecorators(
    ApiConsumes('application/x-www-form-urlencoded'),
    ApiHeader({
      name: 'authorization',
      required: false,
      description:
        'The id and the secret of the service as HTTP Basic. Alternatively send client_id and client_secret.',
      schema: { type: 'string' },
    }),
    ApiBody({
      schema: {
        type: 'object',
        required: ['token'],
        properties: {
          token: {
            type: 'string',
            minLength: 1,
            maxLength: MAX_TOKEN_LENGTH,
            example: 'eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln',
          },
          token_type_hint: {
            type: 'string',
            description:
              '`access_token` or `refresh_token`. It is not needed, and other values are ignored.',
            example: 'access_token',
          },
          client_id: {
            type: 'string',
            format: 'uuid',
            example: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f',
          },
          client_secret: { type: 'string', example: 'a-secret-of-the-service' },
        },
      },
    }),
  );
}
