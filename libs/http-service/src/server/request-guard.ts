import { ApiError } from '@poc-tracker/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describePath } from '../fields/field-path.js';

/** Parameters of a query or a form. The search of the audit log has 10. Each costs the time of its validation. */
const MAX_PARAMETERS = 100;

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
      checkParameterCount(raw.url?.split('?', 2)[1] ?? '', 'query');
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

/** @throws ApiError VALIDATION_ERROR for a query or a form, not parsed yet, with more than 100 parameters. */
export function checkParameterCount(text: string, root: string): void {
  if (text.split('&', MAX_PARAMETERS + 1).length > MAX_PARAMETERS)
    throw invalid(root, `must not have more than ${MAX_PARAMETERS} parameters`);
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
  return invalid(describePath(keys, root), message);
}

function invalid(field: string, message: string): ApiError {
  return ApiError.validation({ field, message });
}
