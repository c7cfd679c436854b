import { IsOptional, IsString } from 'class-validator';
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

const pipe = new InputValidationPipe();

describe('InputValidationPipe', () => {
  it.each([undefined, null, 'text', 7, [], [{ text: 'a' }]])('refuses the body %j', (body) => {
    const answer = (): unknown => pipe.transform(body, { type: 'body', metatype: NoteDto });
    expect(answer).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_ERROR',
        details: [{ field: 'body', message: 'must be a JSON object' }],
      }) as Error,
    );
  });

  it('accepts an empty body of a route that is not an update', async () => {
    await expect(pipe.transform({}, { type: 'body', metatype: NoteDto })).resolves.toEqual({});
  });

  it('refuses an update without a field', () => {
    const answer = (): unknown => pipe.transform({}, { type: 'body', metatype: UpdateNoteDto });
    expect(answer).toThrow(
      expect.objectContaining({
        code: 'VALIDATION_ERROR',
        details: [{ field: 'body', message: 'must contain at least one field' }],
      }) as Error,
    );
  });

  it('accepts a query without parameters', async () => {
    await expect(pipe.transform({}, { type: 'query', metatype: UpdateNoteDto })).resolves.toEqual(
      {},
    );
  });
});
