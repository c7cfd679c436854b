import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtension, ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ErrorCode } from '@poc-tracker/contracts';
import type { EnvelopeConfig } from '../server/api.adapter.js';
import { RouteOption } from '../server/route-option.js';

/** The property of an operation that lists its error codes. */
export const ERROR_CODES_EXTENSION = 'x-error-codes';

/** The property of an operation that states who may call it. */
export const POLICY_EXTENSION = 'x-policy';

/** The property of an operation without rate limits. */
export const RATE_LIMIT_EXTENSION = 'x-rate-limit';

interface DataResponseOptions {
  description?: string;
  /** A sentence for users, sent beside the data. */
  message?: string;
}

/**
 * Describes the success response of a route: `{success: true, data}` with an instance of the class as data, or `data: null`
 * without a class.
 */
export function DataResponse(
  status: number,
  data?: Type,
  { description = 'Done.', message }: DataResponseOptions = {},
): MethodDecorator {
  const schema = data === undefined ? { type: 'null' } : { $ref: getSchemaPath(data) };
  return applyDecorators(
    ...(data === undefined ? [] : [ApiExtraModels(data)]),
    ...(message === undefined ? [] : [RouteOption({ message } satisfies EnvelopeConfig)]),
    ApiResponse({
      status,
      description,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['success', ...(message === undefined ? [] : ['message']), 'data'],
            properties: {
              success: { type: 'boolean', enum: [true] },
              ...(message !== undefined && { message: { type: 'string', example: message } }),
              data: schema,
            },
          },
        },
      },
    }),
  );
}

/**
 * Declares the error codes specific to a route. Codes that follow from its body, parameters and policy are added when the
 * document is built.
 */
export function ApiErrors(...codes: ErrorCode[]): MethodDecorator {
  return ApiExtension(ERROR_CODES_EXTENSION, codes);
}
