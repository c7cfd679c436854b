import type { OpenAPIObject } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsInt,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { Update } from '../fields/update.decorator.js';
import type { Schema } from './openapi-example.js';
import { addValidatedParameters, addValidatedSchemas } from './validated-schema.js';

class PartDto {
  @Matches(/^[a-z]+$/u)
  word: string;

  @Matches(/^[a-z]+$/i)
  anyCase: string;
}

class WholeDto {
  @Length(3, 50)
  name: string;

  @Min(1)
  @Max(100)
  @IsInt()
  count: number;

  @ArrayUnique()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(20, { each: true })
  labels: string[];

  @IsUUID(undefined, { each: true })
  ids: string[];

  @ValidateNested()
  @Type(() => PartDto)
  part: PartDto;
}

@Update()
class UpdateDto {
  @MaxLength(10)
  name?: string;
}

class UpdateMoreDto extends UpdateDto {}

function described(properties: Record<string, Record<string, Schema>>): Record<string, Schema> {
  const schemas = Object.fromEntries(
    Object.entries(properties).map(([name, ofSchema]) => [
      name,
      { type: 'object', properties: ofSchema },
    ]),
  );
  const document = { components: { schemas } } as unknown as OpenAPIObject;
  addValidatedSchemas(document, [WholeDto, UpdateDto, UpdateMoreDto]);
  return schemas;
}

describe('addValidatedSchemas', () => {
  it('adds the lengths, ranges and sizes that the validators enforce', () => {
    const { WholeDto: whole } = described({
      WholeDto: {
        name: { type: 'string' },
        count: { type: 'integer' },
        labels: { type: 'array', items: { type: 'string' } },
        ids: { type: 'array', items: { type: 'string' } },
      },
    });
    expect(whole).toMatchObject({
      additionalProperties: false,
      properties: {
        name: { minLength: 3, maxLength: 50 },
        count: { minimum: 1, maximum: 100 },
        labels: { maxItems: 50, uniqueItems: true, items: { maxLength: 20 } },
        ids: { items: { format: 'uuid' } },
      },
    });
  });

  it('adds the patterns of nested classes, but none that ignores case', () => {
    const { PartDto: part } = described({ PartDto: { word: {}, anyCase: {} } });
    expect(part?.properties).toEqual({ word: { pattern: '^[a-z]+$' }, anyCase: {} });
  });

  it('keeps the keywords that a schema declares', () => {
    const { WholeDto: whole } = described({ WholeDto: { name: { maxLength: 40 } } });
    expect(whole?.properties?.name).toEqual({ minLength: 3, maxLength: 40 });
  });

  it('requires a field of every update, and not of other bodies', () => {
    const schemas = described({ UpdateDto: {}, UpdateMoreDto: { name: {} }, WholeDto: {} });
    expect(schemas.UpdateDto).toMatchObject({ minProperties: 1 });
    expect(schemas.UpdateMoreDto).toMatchObject({
      minProperties: 1,
      properties: { name: { maxLength: 10 } },
    });
    expect(schemas.WholeDto).not.toHaveProperty('minProperties');
  });
});

describe('addValidatedParameters', () => {
  it('adds the keywords to the parameters of the query alone', () => {
    const operation = {
      responses: {},
      parameters: [
        { name: 'count', in: 'query', schema: { type: 'integer' } as Schema },
        { name: 'name', in: 'path', schema: { type: 'string' } as Schema },
      ],
    };
    addValidatedParameters(operation, [WholeDto]);
    expect(operation.parameters.map(({ schema }) => schema)).toEqual([
      { type: 'integer', minimum: 1, maximum: 100 },
      { type: 'string' },
    ]);
  });
});
