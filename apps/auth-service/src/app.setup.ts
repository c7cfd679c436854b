import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type ApiDescription,
  createHttpApp,
  createLogger,
  serveDocumentation,
} from '@poc-tracker/http-service';
import { SessionStatusService } from '@poc-tracker/auth-kit';
import { registerRequestContext, uuidv7 } from '@poc-tracker/tenancy';
import { AppModule } from './app.module.js';
import type { AppConfig } from './config/app-config.js';
import { SecurityEvents } from './audit/security-events.js';
import { registerRefusedAccess } from './audit/refused-access.js';
import { registerOwnChanges } from './session/own-changes.js';
import { toApiError } from './constraint-codes.js';

/** What the OpenAPI document says of the whole. */
export const API_DESCRIPTION: ApiDescription = {
  title: 'POC Tracker: tenants, users and sessions',
  description:
    'To try it: log in with `POST /api/v1/auth/login` (name the tenant by its subdomain or with x-tenant-id under ' +
    '"Authorize"), put the access token of the answer under "Authorize", and call a protected route.',
};

/**
 * The whole service, not listening yet: what `main.ts`, the tests, the benchmark and the generator of the OpenAPI
 * document start from.
 * @param options.preview wires the routes without constructing anything, to describe them without a database.
 */
export async function createApp(
  config: AppConfig,
  options: { preview?: boolean } = {},
): Promise<NestFastifyApplication> {
  const { preview = false } = options;
  const logger = createLogger(config.logLevel);
  for (const warning of config.warnings) logger.warn(warning);
  const app = await createHttpApp(AppModule.forConfig(config), {
    settings: config.http,
    logger,
    requestId: uuidv7,
    translateError: toApiError,
    prepare: registerRequestContext,
    preview,
  });
  if (!preview) {
    const fastify = app.getHttpAdapter().getInstance();
    registerOwnChanges(fastify, app.get(SessionStatusService));
    registerRefusedAccess(fastify, app.get(SecurityEvents));
  }
  if (config.exposure.docs) serveDocumentation(app, API_DESCRIPTION);
  return app;
}
