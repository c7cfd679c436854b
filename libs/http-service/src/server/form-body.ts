import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RouteOption } from './route-option.js';

interface FormBodyConfig {
  formBody?: boolean;
}

const FORM = 'application/x-www-form-urlencoded';

/** Two tokens and a client's credentials take less. */
const FORM_LIMIT_BYTES = 32 * 1024;

/**
 * The route takes a form (`application/x-www-form-urlencoded`) as its body, as OAuth asks for. No other route does: a
 * form is what a page of anybody can make a browser send.
 */
export function FormBody(): MethodDecorator {
  return RouteOption({ formBody: true } satisfies FormBodyConfig);
}

/** Reads the bodies of `@FormBody()` routes into objects of texts. */
export function registerFormBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(
    FORM,
    { parseAs: 'string', bodyLimit: FORM_LIMIT_BYTES },
    (request, body, done) => {
      try {
        if (!takesForm(request)) throw new ApiError('UNSUPPORTED_MEDIA_TYPE');
        done(null, readForm(body as string));
      } catch (error) {
        done(error as Error, undefined);
      }
    },
  );
}

/** @throws ApiError VALIDATION_ERROR for a repeated field: which of the two was meant? (RFC 6749, 3.2) */
function readForm(body: string): Record<string, string> {
  const fields = [...new URLSearchParams(body)];
  const names = new Set(fields.map(([name]) => name));
  if (names.size !== fields.length)
    throw ApiError.validation({ field: 'body', message: 'must not repeat a field' });
  // As own properties, whatever they are called: names that an object inherits are refused behind.
  return Object.fromEntries(fields);
}

function takesForm(request: FastifyRequest): boolean {
  return (request.routeOptions.config as FormBodyConfig | undefined)?.formBody === true;
}
