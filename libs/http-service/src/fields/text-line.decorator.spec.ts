import { checkLine } from '@poc-tracker/text';
import { describe, expect, it } from 'vitest';
import { TextLine } from './text-line.decorator.js';

class Note {
  @TextLine({ max: 100, example: 'Ana' })
  title: string;
}

const { pattern } = Reflect.getMetadata('swagger/apiModelProperties', Note.prototype, 'title') as {
  pattern: string;
};

/** As validators of JSON Schema do. */
const satisfiesPattern = (text: string) => new RegExp(pattern, 'u').test(text);
const isAccepted = (text: string) => 'text' in checkLine(text, 100);

describe('The documented pattern of a line of text', () => {
  it.each([
    '',
    '   ',
    '\u200b',
    'a\u200bb',
    '\u0378',
    '\ue000',
    '\ud800',
    'a\nb',
    'a\u2028b',
    '\u0301',
  ])('refuses %j, as the service does', (text) => {
    expect([isAccepted(text), satisfiesPattern(text)]).toEqual([false, false]);
  });

  it.each([
    'Ana',
    " O'Neill ",
    '山田',
    '!',
    'e\u0301',
    'می\u200cخواهم',
    '\u{1F468}\u200d\u{1F469}\u200d\u{1F467}',
    '\u2764\ufe0f',
    '1\ufe0f\u20e3',
    '\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
  ])('admits %j, as the service does', (text) => {
    expect([isAccepted(text), satisfiesPattern(text)]).toEqual([true, true]);
  });
});
