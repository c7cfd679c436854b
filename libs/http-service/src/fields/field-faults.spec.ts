import { ApiError } from '@poc-tracker/contracts';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsObject,
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
import { EmailAddress } from './email-address.decorator.js';
import { Omittable } from './omittable.decorator.js';
import { InputValidationPipe } from './validation.pipe.js';

class PartDto {
  @IsString()
  @Length(1, 5)
  name: string;
}

class WholeDto {
  @Omittable()
  @IsString()
  @Length(1, 5)
  @Matches(/^[a-z]*$/, { message: '$property must consist of small letters' })
  word?: string;

  @Omittable()
  @MaxLength(1)
  letter?: string;

  @Omittable()
  @Matches(/^\d+$/, { message: 'must be digits' })
  @IsISO8601({ strict: true })
  digits?: string;

  @Omittable()
  @EmailAddress('ana@acme.example')
  email?: string;

  @Omittable()
  @IsUUID()
  id?: string;

  @Omittable()
  @IsInt()
  @Min(1)
  @Max(9)
  number?: number;

  @Omittable()
  @IsBoolean()
  flag?: boolean;

  @Omittable()
  @IsIn(['one', 'two'])
  choice?: string;

  @Omittable()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  @ArrayUnique()
  @IsIn(['one', 'two', 'three'], { each: true })
  choices?: string[];

  @Omittable()
  @IsObject()
  @ValidateNested()
  @Type(() => PartDto)
  part?: PartDto;

  @Omittable()
  @IsArray()
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => PartDto)
  parts?: PartDto[];
}

async function faultsOf(body: object, metatype = WholeDto as new () => object): Promise<unknown> {
  try {
    await new InputValidationPipe().transform(body, { type: 'body', metatype });
  } catch (error) {
    if (error instanceof ApiError) return error.details;
  }
  throw new Error('The body was accepted.');
}

describe('The faults of a body', () => {
  it.each([
    ['word', 7, 'must be text'],
    ['word', null, 'must be text'],
    ['word', '', 'must have 1 to 5 characters'],
    ['word', 'TOO LONG', 'must have 1 to 5 characters'],
    ['word', 'Abc', 'must consist of small letters'],
    ['letter', 7, 'must be text'],
    ['letter', 'ab', 'must have at most 1 character'],
    ['digits', 'x', 'must be digits'],
    ['digits', '99999999', 'must be an existing date and time (ISO 8601)'],
    ['email', 7, 'must be text'],
    ['email', 'ana', 'must be an email address such as ana@acme.example'],
    ['id', 'x', 'must be a UUID'],
    ['number', 'x', 'must be a whole number'],
    ['number', 1.5, 'must be a whole number'],
    ['number', 0, 'must be at least 1'],
    ['number', 10, 'must be at most 9'],
    ['flag', 'yes', 'must be true or false'],
    ['choice', 'three', 'must be one of one, two'],
    ['choices', 'one', 'must be a list'],
    ['choices', [], 'must have at least 1 entry'],
    ['choices', ['one', 'two', 'three'], 'must have at most 2 entries'],
    ['choices', ['one', 'one'], 'must not contain the same value twice'],
    ['choices', ['four'], 'must contain only one, two, three'],
    ['part', 'x', 'must be an object'],
    ['part', [], 'must be an object'],
    ['part.name', { name: 'TOO LONG' }, 'must have 1 to 5 characters'],
    ['part.name', {}, 'is required'],
    ['parts', ['x'], 'must contain only objects'],
    ['parts.0.name', [{ name: 7 }], 'must be text'],
    ['other', 1, 'is not a known field'],
  ])('have one sentence each: %s, %j', async (field, value, message) => {
    const [property = ''] = field.split('.');
    expect(await faultsOf({ [property]: value })).toEqual([{ field, message }]);
  });

  it('are reported together, in the order of the fields', async () => {
    expect(await faultsOf({ letter: 'ab', word: '' })).toEqual([
      { field: 'word', message: 'must have 1 to 5 characters' },
      { field: 'letter', message: 'must have at most 1 character' },
    ]);
  });

  it('include missing fields', async () => {
    expect(await faultsOf({}, PartDto)).toEqual([{ field: 'name', message: 'is required' }]);
  });
});
