import type { OpenAPIObject } from '@nestjs/swagger';
import type { RoutePolicy } from '@poc-tracker/auth-kit';
import type { OAUTH_ERRORS_EXTENSION } from '../errors/oauth-error.js';
import type {
  ERROR_CODES_EXTENSION,
  POLICY_EXTENSION,
  RATE_LIMIT_EXTENSION,
} from './api-documentation.js';
import type { Schema } from './openapi-example.js';

export interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

/** The parts of an operation that are read or added here. */
export interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    example?: unknown;
    schema?: Schema;
  }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<
    string,
    | {
        description?: string;
        headers?: Record<string, object>;
        content?: Record<string, Media>;
      }
    | undefined
  >;
  security?: Record<string, string[]>[];
  [ERROR_CODES_EXTENSION]?: string[];
  [OAUTH_ERRORS_EXTENSION]?: true;
  [POLICY_EXTENSION]?: RoutePolicy;
  [RATE_LIMIT_EXTENSION]?: string;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Every operation of a document with its method and path. */
export function operationsOf(
  document: OpenAPIObject,
): { name: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as Operation | undefined;
      return operation === undefined
        ? []
        : [{ name: `${method.toUpperCase()} ${path}`, path, operation }];
    }),
  );
}
