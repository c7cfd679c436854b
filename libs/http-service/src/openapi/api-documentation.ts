import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtension, ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ErrorCode } from '@poc-tracker/contracts';

/** Where an operation of the document lists the codes that it can answer. */
export const ERROR_CODES_EXTENSION = 'x-error-codes';

/** Where an operation of the document states who may call it. */
export const POLICY_EXTENSION = 'x-policy';

/**
 * Documents the success of a route: `{success: true, data}` with the given class, or a list of it, as the data;
 * without a class, `data: null`.
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
 * Declares the error codes that are the route's own, once a route. Those that follow from what a route is (a body, a
 * parameter, a signed-in user) are added when the document is built.
 */
export function ApiErrors(...codes: ErrorCode[]): MethodDecorator {
  return ApiExtension(ERROR_CODES_EXTENSION, codes);
}
