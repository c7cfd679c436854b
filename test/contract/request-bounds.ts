import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsOf } from '@poc-tracker/http-service';
import { type InputSchema, resolve } from './input-cases.js';

/** Formats with a longest text, and files, which a plan limits. */
const BOUNDED_FORMATS = new Set(['uuid', 'date-time', 'binary']);

/** @returns a line for each input that has no bound: of a text its length, of a number its range, of a list its size. */
export function findUnbounded(document: OpenAPIObject): string[] {
  const walk = (reference: InputSchema, place: string): string[] => {
    const schema = resolve(document, reference);
    return [
      ...(isBounded(schema) ? [] : [place]),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
        walk(property, `${place}.${name}`),
      ),
      ...(schema.items === undefined ? [] : walk(schema.items, `${place}[]`)),
    ];
  };
  return operationsOf(document).flatMap(({ name, operation }) => [
    ...(operation.parameters ?? []).flatMap(({ in: place, name: field, schema = {} }) =>
      walk(schema as InputSchema, `${name} ${place} ${field}`),
    ),
    ...Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema = {} }) =>
      walk(schema as InputSchema, `${name} body`),
    ),
  ]);
}

function isBounded(schema: InputSchema): boolean {
  const types = [schema.type].flat();
  if (schema.enum !== undefined) return true;
  if (types.includes('string')) return isBoundedText(schema);
  if (types.includes('array')) return schema.maxItems !== undefined;
  if (types.includes('integer') || types.includes('number'))
    return schema.minimum !== undefined && schema.maximum !== undefined;
  return true;
}

function isBoundedText({ maxLength, format, pattern }: InputSchema): boolean {
  if (maxLength !== undefined || BOUNDED_FORMATS.has(format ?? '')) return true;
  return pattern !== undefined && isBoundedPattern(pattern);
}

/** True for a pattern of the whole text that repeats nothing without a limit. */
function isBoundedPattern(pattern: string): boolean {
  const repeats = pattern.replace(/\\./g, '.').replace(/\[[^\]]*\]/g, '.');
  return /^\^.*\$$/.test(repeats) && !/[*+]|\{\d+,\}/.test(repeats);
}
