import { isUtf8 } from 'node:buffer';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Levels of nesting of a body. No request of the API needs more than a few. */
const MAX_DEPTH = 32;

/** Characters of a field's path in an error, because the client chooses the names. */
const MAX_PATH_LENGTH = 200;

/**
 * Names that every object inherits, or that lead to its prototype (CWE-1321). The API has no such field, and code that
 * looks up fields by name, such as class-validator, would find the inherited one.
 */
function isForbiddenName(key: string): boolean {
  return key === 'prototype' || key in Object.prototype;
}

/**
 * NUL, which PostgreSQL cannot store in text, and unpaired surrogates, which UTF-8 cannot encode: the driver would replace
 * each by the same character, so that two different passwords would be equal.
 */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

interface Node {
  value: unknown;
  key: string;
  parent: Node | undefined;
  depth: number;
}

/**
 * Parses JSON bodies (RFC 8259: UTF-8 only), and applies {@link checkInput} to bodies, queries and route parameters. An
 * empty body counts as none, because clients send the content type with requests that have no body.
 */
export function guardRequests(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (_request, body, done) => {
      try {
        done(null, parseJson(body as Buffer));
      } catch (error) {
        done(error as Error, undefined);
      }
    },
  );
  fastify.addHook('preValidation', (request: FastifyRequest, _reply, done) => {
    try {
      checkInput(request.params, 'path');
      checkInput(request.query, 'query');
      checkInput(request.body, 'body');
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw invalid('body', 'must be JSON in UTF-8');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('body', 'must be well-formed JSON');
  }
}

/**
 * Refuses names and values that no field may have. It is not recursive, because the client chooses the depth of the input.
 * @param root name of the whole input, for an error about the input itself.
 * @throws ApiError VALIDATION_ERROR that names the field but never repeats the value.
 */
export function checkInput(input: unknown, root: string): void {
  const pending: Node[] = [{ value: input, key: '', parent: undefined, depth: 0 }];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (UNSTORABLE.test(node.key))
      throw refused(node, root, 'has a name with forbidden characters');
    if (isForbiddenName(node.key)) throw refused(node, root, 'has a forbidden name');
    if (typeof node.value === 'string' && UNSTORABLE.test(node.value)) {
      throw refused(node, root, 'must not contain NUL or unpaired surrogate characters');
    }
    if (typeof node.value !== 'object' || node.value === null) continue;
    if (node.depth === MAX_DEPTH)
      throw refused(node, root, `must not be nested deeper than ${MAX_DEPTH} levels`);
    for (const [key, value] of Object.entries(node.value)) {
      pending.push({ value, key, parent: node, depth: node.depth + 1 });
    }
  }
}

function refused(node: Node, root: string, message: string): ApiError {
  const keys: string[] = [];
  for (
    let current: Node | undefined = node;
    current?.parent !== undefined;
    current = current.parent
  ) {
    keys.unshift(current.key);
  }
  const path = keys
    .join('.')
    .slice(0, MAX_PATH_LENGTH)
    .replace(/[\0\p{Surrogate}]/gu, '\u{FFFD}');
  return invalid(path === '' ? root : path, message);
}

function invalid(field: string, message: string): ApiError {
  return ApiError.validation({ field, message });
}
