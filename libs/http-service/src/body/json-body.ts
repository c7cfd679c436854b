import { ApiError, type FieldError } from '@poc-tracker/contracts';
import type { FastifyInstance } from 'fastify';
import { findStructureFault } from './json-structure.js';
import { readUtf8 } from './utf8-body.js';

/** Parses JSON bodies, and no others until their parsers are registered. */
export function registerJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, parseJson(readUtf8(request, body as Buffer)));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
}

/**
 * An empty text counts as no body, because clients send the content type with requests that have none.
 * @throws ApiError VALIDATION_ERROR for a text that is malformed, repeats a name, or has too many levels or fields.
 */
export function parseJson(text: string): unknown {
  if (text === '') return undefined;
  let fault: FieldError | undefined;
  try {
    fault = findStructureFault(text);
    if (fault === undefined) return JSON.parse(text);
  } catch {
    fault = { field: 'body', message: 'must be well-formed JSON' };
  }
  throw ApiError.validation(fault);
}
