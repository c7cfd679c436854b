import { randomTexts } from '@poc-tracker/testing';
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

  it.each([
    ['alone', '', ''],
    ['between letters', 'a', 'b'],
    ['before a joiner', 'a', '\u200db'],
    ['after a joiner', 'a\u200c', 'b'],
    ['before a selector', 'a', '\ufe0f'],
    ['before a selector and a joiner', 'a', '\ufe0f\u200db'],
  ])('refuses and admits what the service does for each character %s', (_where, before, after) => {
    const faults: string[] = [];
    for (
      let codePoint = 0;
      codePoint < 0x110000;
      codePoint += codePoint > 0x20000 && codePoint < 0xdff00 ? 97 : 1
    ) {
      // The rule is one of the stored form.
      const text = (before + String.fromCodePoint(codePoint) + after).normalize('NFC');
      if (isAccepted(text) !== satisfiesPattern(text)) faults.push(text);
    }
    expect(faults).toEqual([]);
  });

  it('refuses and admits what the service does for 20,000 random texts', () => {
    // The rule is one of the stored form.
    const texts = randomTexts(20_000).map((text) => text.normalize('NFC').trim());
    expect(texts.filter(isAccepted).length).toBeGreaterThan(1_000);
    expect(texts.filter((text) => isAccepted(text) !== satisfiesPattern(text))).toEqual([]);
  });
});
