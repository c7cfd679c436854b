import { Type } from 'class-transformer';
import { IsObject, IsOptional, IsString, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { Update } from './update.decorator.js';
import { InputValidationPipe } from './validation.pipe.js';

class NoteDto {
  @IsOptional()
  @IsString()
  text?: string;
}

@Update()
class UpdateNoteDto extends NoteDto {}

@Update()
class UpdatePageDto {
  @IsObject()
  @ValidateNested()
  @Type(() => UpdateNoteDto)
  note?: UpdateNoteDto;
}

const pipe = new InputValidationPipe();

describe('InputValidationPipe', () => {
  it.each([undefined, null, 'text', 7, [], [{ text: 'a' }]])(
    'refuses the body %j',
    async (body) => {
      const answer = pipe.transform(body, { type: 'body', metatype: NoteDto });
      await expect(answer).rejects.toThrow(
        expect.objectContaining({
          code: 'VALIDATION_ERROR',
          details: [{ field: 'body', message: 'must be a JSON object' }],
        }) as Error,
      );
    },
  );

  it('accepts an empty body of a route that is not an update', async () => {
    await expect(pipe.transform({}, { type: 'body', metatype: NoteDto })).resolves.toEqual({});
  });

  it('refuses an update without a field', async () => {
    const answer = pipe.transform({}, { type: 'body', metatype: UpdateNoteDto });
    await expect(answer).rejects.toThrow(
      expect.objectContaining({
        code: 'VALIDATION_ERROR',
        details: [{ field: 'body', message: 'must contain at least one field' }],
      }) as Error,
    );
  });

  it('refuses an update with an object of fields that has none, and names the object', async () => {
    const update = (body: object): Promise<unknown> =>
      pipe.transform(body, { type: 'body', metatype: UpdatePageDto });
    await expect(update({ note: {} })).rejects.toThrow(
      expect.objectContaining({
        code: 'VALIDATION_ERROR',
        details: [{ field: 'note', message: 'must contain at least one field' }],
      }) as Error,
    );
    await expect(update({ note: { text: 'a' } })).resolves.toEqual({ note: { text: 'a' } });
  });

  it('accepts a query without parameters', async () => {
    await expect(pipe.transform({}, { type: 'query', metatype: UpdateNoteDto })).resolves.toEqual(
      {},
    );
  });
});
