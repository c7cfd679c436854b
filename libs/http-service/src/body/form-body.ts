import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { checkParameterCount } from '../fields/parameter-count.js';
import { RouteOption } from '../server/route-option.js';
import { readUtf8 } from './utf8-body.js';

interface FormBodyConfig {
  formBody?: boolean;
}

const FORM = 'application/x-www-form-urlencoded';

/** Two tokens and client credentials take less. */
const FORM_LIMIT_BYTES = 32 * 1024;

/**
 * Accepts a form (`application/x-www-form-urlencoded`) as the body and nothing else, as OAuth requires (RFC 6749, 3.2).
 * Other routes accept no form, because any web page can make a browser send one.
 */
export function FormBody(): MethodDecorator {
  return RouteOption({ formBody: true } satisfies FormBodyConfig);
}

/** Parses the bodies of `@FormBody()` routes into objects of strings, and refuses any other body there. */
export function registerFormBodies(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    const type = request.headers['content-type'];
    if (type !== undefined && acceptsForm(request) && !isForm(type)) {
      done(new ApiError('UNSUPPORTED_MEDIA_TYPE'));
    } else done(null, payload);
  });
  fastify.addContentTypeParser(
    FORM,
    { parseAs: 'buffer', bodyLimit: FORM_LIMIT_BYTES },
    (request, body, done) => {
      try {
        if (!acceptsForm(request)) throw new ApiError('UNSUPPORTED_MEDIA_TYPE');
        done(null, readForm(readUtf8(request, body as Buffer)));
      } catch (error) {
        done(error as Error, undefined);
      }
    },
  );
}

/**
 * @throws ApiError VALIDATION_ERROR for a repeated field, which is ambiguous (RFC 6749, 3.2), too many of them, or encoded
 * bytes that are not UTF-8.
 */
function readForm(body: string): Record<string, string> {
  checkParameterCount(body, 'body');
  checkEncodedBytes(body);
  const fields = [...new URLSearchParams(body)];
  const names = new Set(fields.map(([name]) => name));
  if (names.size !== fields.length)
    throw ApiError.validation({ field: 'body', message: 'must not repeat a field' });
  // Own properties, even for names that every object inherits; `checkInput` refuses those.
  return Object.fromEntries(fields);
}

/** URLSearchParams would read U+FFFD for such bytes, and make different secrets equal. */
function checkEncodedBytes(body: string): void {
  try {
    // A percent sign without two digits stands for itself.
    decodeURIComponent(body.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    throw ApiError.validation({ field: 'body', message: 'must be in UTF-8' });
  }
}

/** The media type without its parameters, such as charset. */
function isForm(contentType: string): boolean {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() === FORM;
}

function acceptsForm(request: FastifyRequest): boolean {
  return (request.routeOptions.config as FormBodyConfig | undefined)?.formBody === true;
}
