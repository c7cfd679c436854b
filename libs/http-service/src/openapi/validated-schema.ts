import type { OpenAPIObject } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';
import { isUpdate } from '../fields/update.decorator.js';
import type { Schema } from './openapi-example.js';
import type { Operation } from './operation.js';

/** The class of a body or a query. Its name is the name of its schema in the document. */
export type InputClass = new () => object;

interface Rule {
  readonly name?: string | undefined;
  readonly propertyName: string;
  readonly each: boolean;
  readonly constraints: readonly unknown[] | undefined;
}

/** The keywords of JSON Schema that say what a rule of class-validator enforces. */
const KEYWORDS: Record<string, (...constraints: never[]) => Schema> = {
  minLength: (minLength: number) => ({ minLength }),
  maxLength: (maxLength: number) => ({ maxLength }),
  isLength: (minLength: number, maxLength?: number) => ({
    ...(minLength > 0 && { minLength }),
    ...(maxLength !== undefined && { maxLength }),
  }),
  isNotEmpty: () => ({ minLength: 1 }),
  matches: (pattern: RegExp) => (pattern.flags.includes('i') ? {} : { pattern: pattern.source }),
  min: (minimum: number) => ({ minimum }),
  max: (maximum: number) => ({ maximum }),
  arrayMinSize: (minItems: number) => ({ minItems }),
  arrayMaxSize: (maxItems: number) => ({ maxItems }),
  arrayUnique: () => ({ uniqueItems: true }),
  isUuid: () => ({ format: 'uuid' }),
  isIso8601: () => ({ format: 'date-time' }),
};

/**
 * Adds what the validators of the input classes enforce to their schemas, so that each bound is written once: lengths,
 * ranges, patterns, formats, no unknown fields, and no update without a field. A keyword that the schema has stays.
 */
export function addValidatedSchemas(document: OpenAPIObject, inputs: Iterable<InputClass>): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  for (const input of new Set([...inputs, ...validatedClasses()])) {
    const schema = schemas[input.name];
    if (schema === undefined) continue;
    schema.additionalProperties = false;
    if (isUpdate(input)) schema.minProperties = 1;
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      addKeywords(property, rulesOf(input, name));
    }
  }
}

/** Adds what the validators of the query classes enforce to the query parameters of an operation. */
export function addValidatedParameters(operation: Operation, inputs: readonly InputClass[]): void {
  for (const { in: place, name, schema } of operation.parameters ?? []) {
    if (place !== 'query' || schema === undefined) continue;
    for (const input of inputs) addKeywords(schema, rulesOf(input, name));
  }
}

function addKeywords(schema: Schema, rules: readonly Rule[]): void {
  for (const { name = '', each, constraints } of rules) {
    const keywords = KEYWORDS[name]?.(...((constraints ?? []) as never[]));
    const target = each ? schema.items : schema;
    if (keywords === undefined || target === undefined || target.$ref !== undefined) continue;
    Object.assign(target, { ...keywords, ...target });
  }
}

/** All classes with validators, nested ones included. class-validator lists them only in a member that it does not type. */
function validatedClasses(): Iterable<InputClass> {
  const storage = getMetadataStorage() as unknown as {
    validationMetadatas: Map<InputClass, unknown>;
  };
  return storage.validationMetadatas.keys();
}

function rulesOf(input: InputClass, property: string): Rule[] {
  return getMetadataStorage()
    .getTargetValidationMetadatas(input, '', true, false)
    .filter(({ propertyName }) => propertyName === property);
}
