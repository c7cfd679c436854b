import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, type FieldError } from '@poc-tracker/contracts';
import { InputValidationPipe } from '@poc-tracker/http-service';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';
import { describe, expect, it } from 'vitest';

type Dto = new () => object;

const ROOT = join(import.meta.dirname, '../..');

/** Wrong for most fields, each in one way. */
const VALUES: readonly unknown[] = [
  undefined,
  null,
  '',
  ' ',
  'x',
  '-',
  'x'.repeat(5_000),
  'a\u0000b',
  '99999999',
  '2026-02-30T00:00:00Z',
  0,
  -1,
  1.5,
  2 ** 40,
  true,
  {},
  { x: 1 },
  [],
  ['x'],
  [7],
  [null],
  ['x', 'x'],
  [{}],
  Array.from({ length: 500 }, (_, index) => `d${index}.example`),
];

/** What Nest names the classes that it derives from others. */
const MAPPED_TYPE = /^(Intersection|Omit|Partial|Pick)[A-Z]/;

/** The classes with validation rules in the sources of both services. */
async function everyDto(): Promise<Dto[]> {
  const sources = ['apps', 'libs/http-service'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(dto|query)\.ts$/.test(path))
      .map((path) => join(ROOT, folder, path)),
  );
  for (const source of sources) await import(source);
  const { validationMetadatas } = getMetadataStorage() as unknown as {
    validationMetadatas: Map<Dto, unknown>;
  };
  // Other specs of this process may have loaded classes of their own.
  const declared = new Set(
    sources.flatMap((source) =>
      [...readFileSync(source, 'utf8').matchAll(/\bclass (\w+)/g)].map(([, name]) => name),
    ),
  );
  return [...validationMetadatas.keys()].filter(
    ({ name }) => declared.has(name) || MAPPED_TYPE.test(name),
  );
}

const dtos = await everyDto();

function fieldsOf(dto: Dto): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

async function answered(dto: Dto, body: object): Promise<FieldError[]> {
  try {
    await new InputValidationPipe().transform(body, { type: 'body', metatype: dto });
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.details as FieldError[];
  }
}

/** What class-validator says itself, for the rules whose decorator has no message. */
async function defaultMessages(dto: Dto, body: object): Promise<Set<string>> {
  const stated = getMetadataStorage()
    .getTargetValidationMetadatas(dto, '', false, false)
    .filter(({ message }) => message !== undefined && typeof message === 'string')
    .map(({ propertyName, name }) => `${propertyName}.${name ?? ''}`);
  const messagesOf = ({ property, constraints = {}, children = [] }: ValidationError): string[] => [
    ...Object.entries(constraints)
      .filter(([rule]) => rule !== 'isTimeZone' && !stated.includes(`${property}.${rule}`))
      .map(([, message]) => message),
    ...children.flatMap(messagesOf),
  ];
  const errors = await validate(plainToInstance(dto, body), { forbidUnknownValues: false });
  return new Set(errors.flatMap(messagesOf));
}

describe('The classes of all request bodies and queries', () => {
  it('are found', () => {
    expect(dtos.length).toBeGreaterThan(35);
    expect(dtos.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['LoginDto', 'CreateTenantDto', 'PocDto', 'PageQuery', 'UploadQuery']),
    );
  });

  it.each(dtos.map((dto) => [dto.name, dto] as const))(
    'answer each fault with one sentence of our own: %s',
    async (_name, dto) => {
      let faults = 0;
      for (const field of fieldsOf(dto)) {
        for (const value of VALUES) {
          const body = { [field]: value };
          const errors = (await answered(dto, body)).filter(
            (error) => error.field === field || error.field.startsWith(`${field}.`),
          );
          faults += errors.length;
          const fields = errors.map((error) => error.field);
          expect(fields, JSON.stringify(body).slice(0, 200)).toEqual([...new Set(fields)]);
          const defaults = await defaultMessages(dto, body);
          for (const { message } of errors) {
            expect(message, `${field}: ${JSON.stringify(value)}`).not.toBe('');
            expect(defaults, `${field}: ${message}`).not.toContain(message);
            expect(message).toMatch(/^(must|is|has|each) /);
            expect(message).not.toContain('string');
          }
        }
      }
      if (fieldsOf(dto).length > 0 && dto.name !== 'ChangeSettingsDto')
        expect(faults).toBeGreaterThan(0);
    },
  );
});
