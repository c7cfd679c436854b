import { randomInt } from 'node:crypto';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Operation } from '@poc-tracker/http-service';

/** The keywords of a schema that limit an input. */
export interface InputSchema {
  $ref?: string;
  allOf?: InputSchema[];
  oneOf?: InputSchema[];
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  additionalProperties?: unknown;
  required?: string[];
  properties?: Record<string, InputSchema>;
  items?: InputSchema;
}

/** One value just inside or just outside of what the document permits. */
export interface InputCase {
  title: string;
  /** The path of the field, with dots, as an error names it. */
  field: string;
  inside: boolean;
  /** The whole input with this value in its place; undefined for no body. */
  input: unknown;
}

type Json = Record<string, unknown>;

interface Value {
  title: string;
  value: unknown;
  inside: boolean;
}

/** Formats in which a text of a given length cannot be made from letters. */
const WRONG_BY_FORMAT: Record<string, string> = {
  uuid: 'not-a-uuid',
  email: 'not an address',
  'date-time': 'yesterday',
  uri: 'not a url',
  hostname: 'not a host',
};

/** Items for lists that the base call does not fill. */
const ITEM_BY_FORMAT: Record<string, string> = { hostname: 'acme.example' };

/** The cases of a JSON body whose other fields are those of `base`. */
export function bodyCases(document: OpenAPIObject, schema: InputSchema, base: Json): InputCase[] {
  const noObjects = [
    { title: 'the body is an array', input: [] },
    { title: 'the body is a text', input: '"text"' },
  ];
  return [
    ...noObjects.map((one) => ({ ...one, field: 'body', inside: false })),
    ...objectCases(document, schema, base, ''),
  ];
}

/** The cases of a form, whose fields are texts. */
export function formCases(document: OpenAPIObject, schema: InputSchema, base: Json): InputCase[] {
  return objectCases(document, schema, base, '').filter(({ input }) =>
    Object.values(input as Json).every((value) => typeof value === 'string'),
  );
}

/** The cases of the query of an operation. Values are texts, as in a URL. */
export function queryCases(
  document: OpenAPIObject,
  operation: Operation,
  base: Record<string, string>,
): InputCase[] {
  const parameters = (operation.parameters ?? []).filter(({ in: place }) => place === 'query');
  if (parameters.length === 0) return [];
  const required = parameters.filter((parameter) => parameter.required === true);
  return [
    {
      title: 'a parameter that is not documented',
      field: 'undocumented',
      inside: false,
      input: { ...base, undocumented: '1' },
    },
    ...required.map(({ name }) => {
      const { [name]: _removed, ...input } = base;
      return { title: `${name} is missing`, field: name, inside: false, input };
    }),
    ...parameters.flatMap(({ name, schema = {} }) =>
      valuesOf(resolve(document, schema as InputSchema), undefined)
        .filter(({ value }) => ['string', 'number'].includes(typeof value))
        .map(({ title, value, inside }) => ({
          title: `${name}: ${title}`,
          field: name,
          inside,
          input: { ...base, [name]: String(value) },
        })),
    ),
  ];
}

function objectCases(
  document: OpenAPIObject,
  reference: InputSchema,
  base: Json,
  prefix: string,
): InputCase[] {
  const schema = resolve(document, reference);
  const at = (name: string): string => (prefix === '' ? name : `${prefix}.${name}`);
  const cases: InputCase[] = [];
  for (const name of schema.required ?? []) {
    const { [name]: _removed, ...input } = base;
    cases.push({ title: `${at(name)} is missing`, field: at(name), inside: false, input });
  }
  if (schema.additionalProperties === false) {
    const field = at('undocumented');
    cases.push({
      title: `${field} is sent`,
      field,
      inside: false,
      input: { ...base, undocumented: 1 },
    });
  }
  if (schema.minProperties === 1) {
    cases.push({ title: 'no field is sent', field: prefix || 'body', inside: false, input: {} });
  }
  for (const [name, reference] of Object.entries(schema.properties ?? {})) {
    const property = resolve(document, reference);
    for (const { title, value, inside } of valuesOf(property, base[name], document)) {
      const input = { ...base, [name]: value };
      cases.push({ title: `${at(name)}: ${title}`, field: at(name), inside, input });
    }
    const given = base[name];
    if (property.properties !== undefined) {
      for (const nested of objectCases(document, property, isObject(given) ? given : {}, at(name)))
        cases.push({ ...nested, input: { ...base, [name]: nested.input } });
    }
    const [item] = Array.isArray(given) ? (given as unknown[]) : [];
    if (property.items !== undefined && isObject(item)) {
      for (const nested of objectCases(document, property.items, item, `${at(name)}.0`))
        cases.push({ ...nested, input: { ...base, [name]: [nested.input] } });
    }
  }
  return cases;
}

/** Values just inside and just outside of a schema. */
function valuesOf(schema: InputSchema, base: unknown, document?: OpenAPIObject): Value[] {
  const types = [schema.type].flat().filter((type) => type !== undefined);
  const outside = (title: string, value: unknown): Value => ({ title, value, inside: false });
  const inside = (title: string, value: unknown): Value => ({ title, value, inside: true });
  const values: Value[] = [];
  if (types.length > 0) {
    values.push(
      types.includes('null') ? inside('null', null) : outside('null', null),
      outside('a wrong type', types.includes('object') ? 'text' : { wrong: 'type' }),
    );
  }
  if (schema.enum !== undefined) {
    return [
      ...values,
      outside('not of the list', 'not-of-the-list'),
      ...schema.enum
        .filter((value) => value !== null)
        .slice(0, 5)
        .map((value) => inside(JSON.stringify(value), value)),
    ];
  }
  if (types.includes('string')) values.push(...textValues(schema, base));
  if (types.includes('integer') || types.includes('number')) values.push(...numberValues(schema));
  if (types.includes('array') && document !== undefined) {
    values.push(...listValues(document, schema, base));
  }
  return values;
}

function textValues(schema: InputSchema, base: unknown): Value[] {
  const { minLength, maxLength, format, pattern } = schema;
  const values: Value[] = [];
  const wrong = WRONG_BY_FORMAT[format ?? ''];
  if (wrong !== undefined) values.push({ title: `no ${format}`, value: wrong, inside: false });
  const matches = (text: string): boolean =>
    pattern === undefined || new RegExp(pattern, 'u').test(text);
  const foreign =
    pattern && ['\u0007', ' ', '!'].find((text) => !matches(text.repeat(minLength ?? 1)));
  if (foreign) {
    const value = foreign.repeat(minLength ?? 1);
    values.push({ title: 'not of the pattern', value, inside: false });
  }
  if (minLength !== undefined && minLength > 0) {
    values.push({ title: 'too short', value: textOf(minLength - 1, base), inside: false });
  }
  if (maxLength !== undefined) {
    values.push({ title: 'too long', value: textOf(maxLength + 1, base), inside: false });
  }
  if (format === undefined) {
    for (const length of [minLength, maxLength]) {
      const text = textOf(length ?? 0, undefined);
      if (length !== undefined && matches(text)) {
        values.push({ title: `${length} characters`, value: text, inside: true });
      }
    }
  }
  return values;
}

const LETTERS = 'kxqzvwjyhgtbnmrpdflsc';

/**
 * The given text without spaces, which could be trimmed, repeated to the length. Without one, letters of no word: other
 * ones each time, because names are unique.
 */
function textOf(length: number, base: unknown): string {
  const given = typeof base === 'string' ? base.replaceAll(' ', '') : '';
  const letter = (): string => LETTERS.charAt(randomInt(LETTERS.length));
  const text = given === '' ? Array.from({ length: 100 }, letter).join('') : given;
  return text.repeat(Math.ceil(length / text.length)).slice(0, length);
}

function numberValues({ type, minimum, maximum }: InputSchema): Value[] {
  const bounds = [minimum, maximum].filter((bound) => bound !== undefined);
  return [
    ...bounds.map((value) => ({ title: `${value}`, value, inside: true })),
    ...(minimum === undefined ? [] : [minimum - 1])
      .concat(maximum === undefined ? [] : maximum + 1)
      .map((value) => ({ title: `${value}`, value, inside: false })),
    ...([type].flat().includes('integer') ? ['1.5', '1e1', '0x10', 'ten'] : ['ten']).map(
      (value) => ({ title: `"${value}"`, value, inside: false }),
    ),
  ];
}

function listValues(document: OpenAPIObject, schema: InputSchema, base: unknown): Value[] {
  const items = resolve(document, schema.items ?? {});
  const [example] = Array.isArray(base) ? (base as unknown[]) : [];
  const item =
    items.enum?.[0] ??
    example ??
    (items.format === undefined ? 'kxqz' : ITEM_BY_FORMAT[items.format]);
  if (item === undefined) throw new Error('The base call has no item for a list of objects.');
  const { minItems, maxItems, uniqueItems } = schema;
  const of = (length: number): unknown[] => Array.from({ length }, () => item);
  return [
    ...(uniqueItems === true ? [{ title: 'twice the same', value: of(2), inside: false }] : []),
    ...(minItems === undefined || minItems === 0
      ? []
      : [{ title: 'too few', value: of(minItems - 1), inside: false }]),
    ...(maxItems === undefined
      ? []
      : [{ title: 'too many', value: of(maxItems + 1), inside: false }]),
    ...valuesOf(items, item, document)
      .filter(({ inside }) => !inside)
      .map(({ title, value }) => ({ title: `an item: ${title}`, value: [value], inside: false })),
    { title: 'one item', value: [item], inside: true },
  ];
}

/** Follows references. Of several alternatives it takes the first. */
export function resolve(document: OpenAPIObject, schema: InputSchema): InputSchema {
  const inner = schema.allOf?.[0] ?? schema.oneOf?.[0];
  if (inner !== undefined) return { ...resolve(document, inner), ...schema };
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  return resolve(document, document.components?.schemas?.[name] ?? {});
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
