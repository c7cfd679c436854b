import type { INestApplication, Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule, getSchemaPath } from '@nestjs/swagger';
import { ROUTE_POLICY, type RoutePolicy } from '@poc-tracker/auth-kit';
import { ERROR_CATALOGUE, type ErrorCode } from '@poc-tracker/contracts';
import {
  ERROR_CODES_EXTENSION,
  POLICY_EXTENSION,
  RATE_LIMIT_EXTENSION,
} from './api-documentation.js';
import { ErrorResponse, exampleError } from '../errors/error-response.js';
import {
  OAUTH_ERRORS_EXTENSION,
  OAuthErrorResponse,
  toOAuthError,
  toOAuthErrorCode,
} from '../errors/oauth-error.js';
import { exampleOf } from './openapi-example.js';
import { type Operation, operationsOf } from './operation.js';
import {
  addValidatedParameters,
  addValidatedSchemas,
  type InputClass,
} from './validated-schema.js';

/** Describes the whole API. */
export interface ApiDescription {
  title: string;
  description: string;
  /** What each tag holds, in the order of the Swagger page. */
  tags: Record<string, string>;
}

const TEXT =
  'Text is trimmed and in NFC, email addresses also in lower case with an ASCII domain. Control, invisible ' +
  'and direction characters are refused, except joiners between letters and between emoji.';

/** Creates the document from what the controllers declare. It adds policies, implied errors and examples, and sorts it. */
export function createOpenApiDocument(
  app: INestApplication,
  { title, description, tags }: ApiDescription,
): OpenAPIObject {
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(`${description}\n\n${TEXT}`)
    .setVersion('1')
    .addServer('/')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token.' },
      'bearer',
    )
    .build();
  // Without an identifier, which Swagger UI would link to a page of SPDX. There is none as long as there is no license.
  base.info.license = { name: 'All rights reserved' };
  base.tags = Object.entries(tags).map(([name, text]) => ({ name, description: text }));
  const document = SwaggerModule.createDocument(app, base, {
    extraModels: [ErrorResponse],
    operationIdFactory: (_controller, method) => method,
  });
  const handlers = handlersOf(app);
  addValidatedSchemas(
    document,
    [...handlers.values()].flatMap(({ inputs }) => inputs),
  );
  for (const { path, operation } of operationsOf(document)) {
    const handler = handlers.get(operation.operationId ?? '');
    if (handler !== undefined) operation[POLICY_EXTENSION] = handler.policy;
    addValidatedParameters(operation, handler?.inputs ?? []);
    addTenantHeader(operation);
    const implied = path.startsWith('/api/') ? impliedCodes(operation) : EDGE_CODES;
    addErrors(operation, isLimited(operation) ? [...implied, 'RATE_LIMIT_EXCEEDED'] : implied);
    if (isLimited(operation)) addRateLimitHeaders(operation);
    addExamples(operation, document);
  }
  return sortKeys(document);
}

/** What the document needs of a controller's method: its policy and the classes of its parameters. */
interface Handler {
  policy: RoutePolicy;
  inputs: InputClass[];
}

/** The handlers of all routes by operation id, which is the name of the controller's method. */
function handlersOf(app: INestApplication): Map<string, Handler> {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  const handlers = new Map<string, Handler>();
  for (const { metatype } of controllers) {
    if (typeof metatype !== 'function') continue;
    const prototype = metatype.prototype as Record<string, unknown>;
    for (const method of new MetadataScanner().getAllMethodNames(prototype)) {
      const handler = prototype[method];
      if (typeof handler !== 'function') continue;
      const policy = Reflect.getMetadata(ROUTE_POLICY, handler) as RoutePolicy | undefined;
      const types = (Reflect.getMetadata('design:paramtypes', prototype, method) ??
        []) as unknown[];
      const inputs = types.filter((type): type is InputClass => typeof type === 'function');
      if (policy !== undefined) handlers.set(method, { policy, inputs });
    }
  }
  return handlers;
}

/** A public route of a tenant accepts the tenant in the host or in the header. */
function addTenantHeader(operation: Operation): void {
  operation.security ??= [];
  if (operation[ERROR_CODES_EXTENSION]?.includes('TENANT_REQUIRED') !== true) return;
  operation.parameters = [
    ...(operation.parameters ?? []),
    {
      name: 'x-tenant-id',
      in: 'header',
      required: false,
      description: 'The id of the tenant, if the host does not name one.',
      schema: { type: 'string', format: 'uuid' },
    },
  ];
}

/** Every route refuses a query with forbidden characters and a malformed x-tenant-id. */
const EDGE_CODES: readonly ErrorCode[] = ['VALIDATION_ERROR'];

function isLimited(operation: Operation): boolean {
  return operation[RATE_LIMIT_EXTENSION] === undefined;
}

/** The headers of draft-ietf-httpapi-ratelimit-headers-10, which are structured fields. */
const RATE_LIMIT_HEADERS = {
  'RateLimit-Policy': {
    description: 'The limits: `q` attempts in any `w` seconds.',
    schema: { type: 'string', example: '"login:user";q=5;w=900' },
  },
  RateLimit: {
    description: 'What is left of the limits: `r` attempts in the next `t` seconds.',
    schema: { type: 'string', example: '"login:user";r=0;t=120' },
  },
};

const RETRY_AFTER_HEADER = {
  'Retry-After': {
    description: 'Seconds until the next attempt can succeed.',
    schema: { type: 'integer', minimum: 1, example: 120 },
  },
};

function addRateLimitHeaders({ responses }: Operation): void {
  for (const [status, response] of Object.entries(responses)) {
    if (response === undefined) continue;
    if (status === '429') response.headers = { ...RETRY_AFTER_HEADER, ...RATE_LIMIT_HEADERS };
    else if (/^2/.test(status)) response.headers = { ...response.headers, ...RATE_LIMIT_HEADERS };
  }
}

/** The error codes that follow from the body and the policy of an operation, in addition to those that it declares. */
function impliedCodes(operation: Operation): ErrorCode[] {
  const codes: ErrorCode[] = [
    ...EDGE_CODES,
    'INTERNAL_ERROR',
    'OUTCOME_UNKNOWN',
    'SERVICE_UNAVAILABLE',
  ];
  if (operation.requestBody !== undefined)
    codes.push('PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  // A public route of a tenant refuses a valid token of another tenant.
  if (operation[ERROR_CODES_EXTENSION]?.includes('TENANT_REQUIRED') === true)
    codes.push('TENANT_MISMATCH');
  const policy = operation[POLICY_EXTENSION];
  if (policy?.access !== 'authenticated' && policy?.access !== 'operator') return codes;
  if (policy.beforeEnrollment !== true)
    codes.push('FACTOR_ENROLLMENT_REQUIRED', 'STEP_UP_REQUIRED');
  if (policy.fresh !== undefined) codes.push('STEP_UP_REQUIRED');
  if (policy.access === 'operator') return codes;
  codes.push(
    'TOKEN_REQUIRED',
    'INVALID_TOKEN',
    'TOKEN_REVOKED',
    'SESSION_EXPIRED',
    'INVALID_TENANT',
    'TENANT_MISMATCH',
  );
  if (policy.roles !== undefined || policy.permissions !== undefined)
    codes.push('INSUFFICIENT_PERMISSIONS');
  if (policy.features !== undefined) codes.push('FEATURE_NOT_AVAILABLE');
  return codes;
}

function addErrors(operation: Operation, implied: readonly ErrorCode[]): void {
  // The codes that `@ApiErrors()` declares.
  const declared = (operation[ERROR_CODES_EXTENSION] ?? []) as ErrorCode[];
  const codes = [...new Set([...declared, ...implied])].sort();
  const format = operation[OAUTH_ERRORS_EXTENSION] === true ? OAUTH_FORMAT : API_FORMAT;
  operation[ERROR_CODES_EXTENSION] = [...new Set(codes.map(format.nameOf))].sort();
  for (const [status, group] of groupByStatus(codes)) {
    operation.responses[status] = {
      description: group
        .map((code) => `${format.nameOf(code)}: ${ERROR_CATALOGUE[code].message}`)
        .join(' '),
      content: {
        'application/json': {
          schema: { $ref: getSchemaPath(format.model) },
          examples: Object.fromEntries(
            group.map((code) => [format.nameOf(code), { value: format.exampleOf(code) }]),
          ),
        },
      },
    };
  }
}

/** How an operation describes its errors. */
interface ErrorFormat {
  model: Type;
  nameOf: (code: ErrorCode) => string;
  exampleOf: (code: ErrorCode) => object;
}

const API_FORMAT: ErrorFormat = {
  model: ErrorResponse,
  nameOf: (code) => code,
  exampleOf: exampleError,
};

const OAUTH_FORMAT: ErrorFormat = {
  model: OAuthErrorResponse,
  nameOf: (code) => toOAuthErrorCode(code, ERROR_CATALOGUE[code].status),
  exampleOf: (code) => toOAuthError(exampleError(code)),
};

function groupByStatus(codes: readonly ErrorCode[]): Map<string, ErrorCode[]> {
  const groups = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(ERROR_CATALOGUE[code].status);
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

function addExamples(operation: Operation, document: OpenAPIObject): void {
  const bodies = [operation.requestBody, ...Object.values(operation.responses)];
  for (const media of bodies.flatMap((body) => Object.values(body?.content ?? {}))) {
    if (media.example !== undefined || media.examples !== undefined) continue;
    const example = exampleOf(media.schema, document);
    if (example !== undefined) media.example = example;
  }
  for (const parameter of operation.parameters ?? []) {
    // Every id of the API is a UUID, but the type of the handler's parameter is string.
    if (parameter.in === 'path' && /(^id|Id)$/.test(parameter.name)) {
      parameter.schema = { type: 'string', format: 'uuid' };
    }
    // The Swagger page would fill in the example, and an optional filter or header would find nothing.
    if (parameter.required !== true) {
      delete parameter.example;
      delete parameter.schema?.example;
      continue;
    }
    if (parameter.example !== undefined) continue;
    const example = exampleOf(parameter.schema, document);
    if (example !== undefined) parameter.example = example;
  }
}

/** Sorts all keys, so that the generated file changes only when the API does. */
function sortKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => sortKeys(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, nested]) => [key, sortKeys<unknown>(nested)])) as T;
}
