import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { ApiExceptionFilter } from '../errors/api-exception.filter.js';
import type { ErrorTranslator } from '../errors/error-reply.js';
import { registerClientAddress, inNetworks } from '../connection/client-address.js';
import { createFastifyAdapter } from './fastify-adapter.factory.js';
import { refuseEndlessHeads } from './endless-response.js';
import { refuseEncodedBodies } from '../body/content-encoding.js';
import { registerJsonBodies } from '../body/json-body.js';
import { registerFormBodies } from '../body/form-body.js';
import { registerGracefulClose } from '../connection/graceful-close.js';
import { NestLogger } from '../logging/nest.logger.js';
import { guardRequests } from './request-guard.js';
import { refuseWithoutTurn, type RequestTurns } from '../connection/in-turn.js';
import { refuseUnclearHosts } from '../connection/request-target.js';
import { logRequests } from '../logging/request-log.js';
import { limitParsedBodies, registerRawBodies } from '../body/raw-body.js';
import { RouteDirectory } from '../errors/route-directory.js';
import type { HttpSettings } from '../settings/service-settings.js';
import { registerSecurityHeaders } from './security-headers.js';
import { InputValidationPipe } from '../fields/validation.pipe.js';

const API_PREFIX = 'api/v1';

/** Served without the prefix, where probes and token verifiers expect them. */
const UNPREFIXED_PATHS = [
  'health',
  'health/live',
  'health/ready',
  `${API_PREFIX}/health`,
  '.well-known/jwks.json',
  '.well-known/webauthn',
];

export interface HttpEdge {
  settings: HttpSettings;
  logger: Logger;
  requestId: () => string;
  translateError: ErrorTranslator;
  /** Registers hooks that run before the guards. Called once, before any route is registered. */
  prepare?: (fastify: FastifyInstance) => void;
  /** When each request starts. Without it each starts as soon as its headers are read. */
  turns?: RequestTurns;
  /**
   * Milliseconds for the body of a `@RawBody()` route to arrive. Default 30 seconds, as for other requests.
   */
  uploadTimeoutMs?: number;
  /** True: registers the routes without constructing providers, to generate the OpenAPI document without a database. */
  preview?: boolean;
}

/**
 * Creates a Nest application on Fastify with the error format, validation, limits, headers and logging of the API. It does
 * not listen yet. The module provides global guards and interceptors (`APP_GUARD`, `APP_INTERCEPTOR`).
 */
export async function createHttpApp(
  module: Type | DynamicModule,
  {
    settings,
    logger,
    requestId,
    translateError,
    prepare,
    turns,
    uploadTimeoutMs,
    preview = false,
  }: HttpEdge,
): Promise<NestFastifyApplication> {
  const isTrustedProxy = inNetworks(settings.trustedProxies);
  const adapter = createFastifyAdapter({
    logger,
    requestId,
    isTrustedProxy,
    receiveTimeoutMs: uploadTimeoutMs,
    turns,
  });
  const fastify = adapter.getInstance();
  const routes = new RouteDirectory();
  routes.attach(fastify);
  refuseEndlessHeads(fastify);
  registerClientAddress(fastify, isTrustedProxy);
  registerSecurityHeaders(fastify);
  registerGracefulClose(fastify, settings);
  refuseWithoutTurn(fastify);
  logRequests(fastify);
  refuseUnclearHosts(fastify);
  guardRequests(fastify);
  refuseEncodedBodies(fastify);
  registerJsonBodies(fastify);
  registerFormBodies(fastify);
  registerRawBodies(fastify);
  if (uploadTimeoutMs !== undefined) limitParsedBodies(fastify);
  prepare?.(fastify);

  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
    preview,
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: UNPREFIXED_PATHS });
  app.useGlobalFilters(new ApiExceptionFilter(routes, translateError));
  app.useGlobalPipes(new InputValidationPipe());
  return app;
}
