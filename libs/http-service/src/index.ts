// server: the Fastify application, its process, and the options of routes.
export { RawResponse } from './server/api.adapter.js';
export { EndlessResponse } from './server/endless-response.js';
export { createHttpApp } from './server/http-app.factory.js';
export { listen } from './connection/listen.js';
export { RouteOption } from './server/route-option.js';
export { runProcess } from './server/run-process.js';
export { describeTlsFailure, StartFailureError } from './server/start-failure.js';

// connection: who is connected.
export { inNetworks, parseAddress } from './connection/client-address.js';

// body: parsers of bodies and their limits.
export { FormBody } from './body/form-body.js';
export { MAX_JSON_DEPTH, MAX_JSON_ENTRIES } from './body/json-structure.js';
export { RawBody, rawBodyType } from './body/raw-body.js';

// errors: the error format.
export { ErrorResponse } from './errors/error-response.js';
export { OAuthErrors } from './errors/oauth-error.js';

// fields: validation of bodies and parameters.
export { EmailAddress } from './fields/email-address.decorator.js';
export { toFieldErrors } from './fields/field-faults.js';
export { HttpsUrl } from './fields/https-url.decorator.js';
export { Omittable } from './fields/omittable.decorator.js';
export { StoredForm } from './fields/stored-form.decorator.js';
export { NameField, TextBlock, TextLine } from './fields/text-line.decorator.js';
export { Update } from './fields/update.decorator.js';
export { UuidParamPipe } from './fields/uuid-param.pipe.js';
export { EMPTY_UPDATE, InputValidationPipe } from './fields/validation.pipe.js';

// health: checks of dependencies.
export type { HealthCheck } from './health/health-check.js';
export {
  DatabaseHealth,
  HEALTH_STATUSES,
  type HealthStatus,
  ServiceHealth,
} from './health/health.response.js';
export { HealthRoutes } from './health/health.routes.js';
export { HealthService } from './health/health.service.js';

// streaming: responses that last for as long as their clients read.
export { boundedStream } from './streaming/bounded-stream.js';
export { type FreeSlot, Slots } from './streaming/slots.js';

// paging: lists in pages.
export {
  decodePageCursor,
  decodePagePosition,
  encodePageCursor,
  foreignCursor,
  type PageFilter,
  toSinglePage,
  toPage,
} from './paging/page-cursor.js';
export { NextCursor, PageQuery } from './paging/page.query.js';

// pages: HTML that a service answers.
export { acceptedLocale } from './pages/accepted-locale.js';
export { escapeHtml } from './pages/escape-html.js';

// openapi: the OpenAPI document and its page.
export {
  ApiErrors,
  DataResponse,
  ERROR_CODES_EXTENSION,
  POLICY_EXTENSION,
  RATE_LIMIT_EXTENSION,
} from './openapi/api-documentation.js';
export { serveDocumentation } from './openapi/documentation.page.js';
export { type ApiDescription, createOpenApiDocument } from './openapi/openapi.document.js';
export { findGaps } from './openapi/openapi-gaps.js';
export { type Operation, operationsOf } from './openapi/operation.js';

// logging: structured logs.
export { LineLimit } from './logging/line-limit.js';
export { createLogger } from './logging/logger.factory.js';

// settings: configuration from environment variables.
export { ConfigModule } from './settings/config.module.js';
export { ConfigurationError, EnvironmentReader } from './settings/environment-reader.js';
export { SETTING_NAMES } from './settings/misspelled-settings.js';
export { readKey, readParties, readPublicKeys } from './settings/key-settings.js';
export {
  type DatabaseSettings,
  type HttpSettings,
  type LogLevel,
  readBaseDomain,
  readDatabaseUrl,
  readEnvironment,
  readPort,
  readServiceSettings,
  type ServiceSettings,
  type TenancySettings,
} from './settings/service-settings.js';
