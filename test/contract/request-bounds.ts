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

/** The numbers of a body that the parser limits. */
export interface BodySize {
  depth: number;
  entries: number;
}

/** The largest valid body of a document: its levels, and its fields and elements in all. */
export function findLargestBody(document: OpenAPIObject): BodySize {
  const measure = (reference: InputSchema): BodySize => {
    const { properties, items, maxItems = Infinity } = resolve(document, reference);
    if (items !== undefined) {
      const { depth, entries } = measure(items);
      return { depth: depth + 1, entries: maxItems * (entries + 1) };
    }
    if (properties === undefined) return { depth: 0, entries: 0 };
    const fields = Object.values(properties).map(measure);
    return {
      depth: 1 + Math.max(...fields.map(({ depth }) => depth)),
      entries: fields.reduce((sum, { entries }) => sum + entries + 1, 0),
    };
  };
  const bodies = operationsOf(document).flatMap(({ operation }) =>
    Object.values(operation.requestBody?.content ?? {}).map(({ schema = {} }) =>
      measure(schema as InputSchema),
    ),
  );
  return {
    depth: Math.max(...bodies.map(({ depth }) => depth)),
    entries: Math.max(...bodies.map(({ entries }) => entries)),
  };
}
