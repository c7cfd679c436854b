import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtension, ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ErrorCode } from '@poc-tracker/contracts';

/** The property of an operation that lists its error codes. */
export const ERROR_CODES_EXTENSION = 'x-error-codes';

/** The property of an operation that states who may call it. */
export const POLICY_EXTENSION = 'x-policy';

/**
 * Documents the success response of a route: `{success: true, data}` with an instance or a list of the class as data, or
 * `data: null` without a class.
 */
export function DataResponse(
  status: number,
  data?: Type,
  { isArray = false, description = 'Done.' }: { isArray?: boolean; description?: string } = {},
): MethodDecorator {
  const single = data === undefined ? { type: 'null' } : { $ref: getSchemaPath(data) };
  return applyDecorators(
    ...(data === undefined ? [] : [ApiExtraModels(data)]),
    ApiResponse({
      status,
      description,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['success', 'data'],
            properties: {
              success: { type: 'boolean', enum: [true] },
              data: isArray ? { type: 'array', items: single } : single,
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
