import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describePath } from '../fields/field-path.js';
import { checkParameterCount, queryOf } from '../fields/parameter-count.js';

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
}

/**
 * Applies {@link checkInput} to bodies, queries and route parameters, and refuses queries with too many parameters before the
 * guards look anything up.
 */
export function guardRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw }, _reply, done) => {
    try {
      checkParameterCount(queryOf(raw.url ?? ''), 'query');
      done();
    } catch (error) {
      done(error as Error);
    }
  });
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

/**
 * Refuses names and values that no field may have.
 * @param root name of the whole input, for an error about the input itself.
 * @throws ApiError VALIDATION_ERROR that names the field but never repeats the value.
 */
function checkInput(input: unknown, root: string): void {
  const pending: Node[] = [{ value: input, key: '', parent: undefined }];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (UNSTORABLE.test(node.key))
      throw refused(node, root, 'has a name with forbidden characters');
    if (isForbiddenName(node.key)) throw refused(node, root, 'has a forbidden name');
    if (typeof node.value === 'string' && UNSTORABLE.test(node.value)) {
      throw refused(node, root, 'must not contain NUL or unpaired surrogate characters');
    }
    if (typeof node.value !== 'object' || node.value === null) continue;
    for (const [key, value] of Object.entries(node.value)) {
      pending.push({ value, key, parent: node });
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
  return ApiError.validation({ field: describePath(keys, root), message });
}
