import type { INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type ApiDescription, createOpenApiDocument } from './openapi.document.js';

/** Serves Swagger UI at /docs and the OpenAPI document at /docs-json. The document is built on the first request. */
export function serveDocumentation(app: INestApplication, description: ApiDescription): void {
  let document: OpenAPIObject | undefined;
  SwaggerModule.setup('docs', app, () => (document ??= createOpenApiDocument(app, description)), {
    raw: ['json'],
    customSiteTitle: 'POC Tracker API',
    swaggerOptions: {
      // The validator is a third-party service, which would receive the URL of this one.
      validatorUrl: null,
      displayRequestDuration: true,
      filter: true,
      persistAuthorization: true,
      operationsSorter: 'alpha',
    },
  });
}
