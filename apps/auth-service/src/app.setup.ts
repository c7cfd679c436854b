import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { registerRequestContext, toApiError, uuidv7 } from '@poc-tracker/tenancy';
import { AppModule } from './app.module.js';
import type { AppConfig } from './config/app-config.js';
import { serveDocumentation } from './http/documentation.page.js';
import { createHttpApp } from './http/http-app.factory.js';
import { createLogger } from './http/logger.factory.js';

/**
 * The whole service, not listening yet: what `main.ts`, the tests, the benchmark and the generator of the OpenAPI
 * document start from.
 * @param options.preview wires the routes without constructing anything, to describe them without a database.
 */
export async function createApp(
  config: AppConfig,
  options: { preview?: boolean } = {},
): Promise<NestFastifyApplication> {
  const app = await createHttpApp(AppModule.forConfig(config), {
    config,
    logger: createLogger(config),
    requestId: uuidv7,
    translateError: toApiError,
    prepare: registerRequestContext,
    preview: options.preview ?? false,
  });
  serveDocumentation(app);
  return app;
}
