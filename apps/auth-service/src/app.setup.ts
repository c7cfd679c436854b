import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp, createLogger, serveDocumentation } from '@poc-tracker/http-service';
import { PrincipalFinder, SessionStatusService } from '@poc-tracker/auth-kit';
import { registerRequestContext, RequestTurns, uuidv7 } from '@poc-tracker/tenancy';
import { API_DESCRIPTION } from './api-description.js';
import { registerLinkPages } from './auth/link-pages/link-pages.js';
import { AppModule } from './app.module.js';
import type { AppConfig } from './config/app-config.js';
import { SecurityEvents } from './audit/security-events.js';
import { registerMailPage } from './mail/page/mail-page.js';
import { DeviceCookies } from './protection/lockout/device-cookies.js';
import { registerDeviceCookies } from './protection/lockout/known-devices.js';
import { registerRefusedAccess } from './audit/refused-access.js';
import { registerSessionUses, SessionUses } from './session/mirror/session-uses.js';
import { registerOwnChanges } from './session/own-changes.js';
import { toApiError } from './constraint-codes.js';

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
    turns: new RequestTurns((headers) => app.get(PrincipalFinder).recognize(headers)),
    preview,
  });
  if (!preview) {
    const fastify = app.getHttpAdapter().getInstance();
    registerDeviceCookies(fastify, app.get(DeviceCookies));
    registerOwnChanges(fastify, app.get(SessionStatusService));
    registerSessionUses(fastify, app.get(SessionUses));
    registerLinkPages(fastify);
    registerRefusedAccess(fastify, app.get(SecurityEvents));
    if (config.mail.directory !== undefined) registerMailPage(fastify, config.mail.directory);
  }
  if (config.exposure.docs) serveDocumentation(app, API_DESCRIPTION);
  return app;
}
