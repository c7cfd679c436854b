import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_CODES_EXTENSION, POLICY_EXTENSION } from './api-documentation.js';
import { type Media, type Operation, operationsOf } from './operation.js';
import { isOperationId } from './operation-id.js';

/**
 * Finds what is missing in the document: summaries, tags, policies, responses, and examples of bodies and parameters; and
 * operation ids and security schemes that are not valid.
 * @returns a sentence for each; empty for a complete document.
 */
export function findGaps(document: OpenAPIObject): string[] {
  const schemes = new Set(Object.keys(document.components?.securitySchemes ?? {}));
  const described = new Set((document.tags ?? []).map(({ name }) => name));
  const seenIds = new Set<string>();
  return operationsOf(document).flatMap(({ name, path, operation }) => {
    const gaps = [
      ...textGaps(operation, seenIds),
      ...tagGaps(operation, described),
      ...inputGaps(operation, path),
      ...successGaps(operation),
      ...errorGaps(operation, path),
      ...securityGaps(operation, schemes),
    ];
    return gaps.map((gap) => `${name} ${gap}`);
  });
}

function textGaps(operation: Operation, seenIds: Set<string>): string[] {
  const id = operation.operationId ?? '';
  const taken = seenIds.has(id);
  seenIds.add(id);
  return [
    ...((operation.summary ?? '').trim() === '' ? ['has no summary'] : []),
    ...(taken ? [`has the operation id of another operation, "${id}"`] : []),
    ...(isOperationId(id)
      ? []
      : [`has the operation id "${id}", which is not a verb of operation-id.ts and a noun`]),
  ];
}

function tagGaps({ tags = [] }: Operation, described: ReadonlySet<string>): string[] {
  if (tags.length === 0) return ['has no tag'];
  return tags
    .filter((tag) => !described.has(tag))
    .map((tag) => `has the tag "${tag}", which the description of the API does not describe`);
}

function inputGaps(operation: Operation, path: string): string[] {
  const parameters = operation.parameters ?? [];
  const documented = new Set(
    parameters.filter(({ in: place }) => place === 'path').map(({ name }) => name),
  );
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? '');
  return [
    ...inPath
      .filter((name) => !documented.has(name))
      .map((name) => `does not document its parameter ${name}`),
    // A property without a declared type gets a type that differs between compilers.
    ...parameters
      .filter(({ schema }) => schema?.type === undefined && schema?.enum === undefined)
      .map(({ name }) => `does not declare the type of its parameter ${name}`),
    ...parameters
      .filter(({ required, example }) => required === true && example === undefined)
      .map(({ name }) => `has no example of its parameter ${name}`),
    ...mediaGaps(operation.requestBody?.content ?? {}, 'its body'),
  ];
}

function successGaps(operation: Operation): string[] {
  const successes = Object.entries(operation.responses).filter(([status]) =>
    status.startsWith('2'),
  );
  if (successes.length === 0) return ['documents no success'];
  return successes.flatMap(([status, response]) =>
    status !== '204' && response?.content === undefined
      ? [`does not document the body of its ${status}`]
      : mediaGaps(response?.content ?? {}, `its ${status}`),
  );
}

function errorGaps(operation: Operation, path: string): string[] {
  const codes = operation[ERROR_CODES_EXTENSION] ?? [];
  if (codes.length === 0 && path.startsWith('/api/')) return ['declares no error'];
  const bodies = Object.values(operation.responses).map(
    (response) => response?.content?.['application/json'],
  );
  const undocumented = codes.filter(
    (code) =>
      !bodies.some(
        (body) => body?.schema?.$ref !== undefined && body.examples?.[code] !== undefined,
      ),
  );
  const bare = Object.entries(operation.responses)
    .filter(([status, response]) => /^[45]/.test(status) && response?.content === undefined)
    .map(([status]) => `does not document the body of its ${status}`);
  return [...undocumented.map((code) => `does not document its error ${code}`), ...bare];
}

function mediaGaps(content: Record<string, Media>, what: string): string[] {
  return Object.values(content)
    .filter(({ example, examples }) => example === undefined && examples === undefined)
    .map(() => `has no example of ${what}`);
}

function securityGaps(operation: Operation, schemes: ReadonlySet<string>): string[] {
  const named = (operation.security ?? []).flatMap((alternative) => Object.keys(alternative));
  const policy = operation[POLICY_EXTENSION];
  return [
    ...named
      .filter((name) => !schemes.has(name))
      .map((name) => `uses the unknown security scheme ${name}`),
    ...(policy === undefined ? ['has no policy'] : []),
    ...(policy?.access === 'authenticated' && !named.includes('bearer')
      ? ['does not declare that it needs a token']
      : []),
  ];
}
