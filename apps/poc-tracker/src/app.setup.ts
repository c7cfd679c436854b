import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PrincipalFinder } from '@poc-tracker/auth-kit';
import { createHttpApp, createLogger, serveDocumentation } from '@poc-tracker/http-service';
import { registerRequestContext, RequestTurns, uuidv7 } from '@poc-tracker/tenancy';
import { API_DESCRIPTION } from './api-description.js';
import { AppModule } from './app.module.js';
import type { TrackerConfig } from './config/tracker-config.js';
import { toApiError } from './constraint-codes.js';

/**
 * Creates the service without listening. Used by `main.ts`, the tests and the generator of the OpenAPI document.
 * @param options.preview registers the routes without creating providers, to describe them without a database
 */
export async function createApp(
  config: TrackerConfig,
  options: { preview?: boolean } = {},
): Promise<NestFastifyApplication> {
  const logger = createLogger(config.logLevel);
  for (const warning of config.warnings) logger.warn(warning);
  const app = await createHttpApp(AppModule.forConfig(config), {
    settings: config.http,
    logger,
    requestId: uuidv7,
    translateError: toApiError,
    prepare: registerRequestContext,
    turns: new RequestTurns((headers) => app.get(PrincipalFinder).recognize(headers)),
    uploadTimeoutMs: config.files.uploadTimeoutMs,
    preview: options.preview ?? false,
  });
  if (config.exposure.docs) serveDocumentation(app, API_DESCRIPTION);
  return app;
}
