import { describe, expect, it } from 'vitest';
import { checkLine, checkText } from './text-form.js';

const FORBIDDEN = 'must not contain control, invisible or direction characters';
const INVISIBLE = 'must contain a visible character';

describe('checkLine', () => {
  it.each([
    ['Ana', 'Ana'],
    ['  Ana Souza \t', 'Ana Souza'],
    ['\u00a0\u3000Ana\u2003\ufeff', 'Ana'],
    ['Jose\u0301', 'Jos\u00e9'],
    ['\u1112\u1161\u11ab', '\ud55c'],
    ['Nguye\u0302\u0303n', 'Nguyễn'],
    ["O'Brien-Łódź & Co. (№ 3)", "O'Brien-Łódź & Co. (№ 3)"],
    ['李小龍', '李小龍'],
    ['محمد', 'محمد'],
    ['שָׁלוֹם', 'שָׁלוֹם'.normalize('NFC')],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['क\u094d\u200dष', 'क\u094d\u200dष'],
    ['ශ්\u200dරී', 'ශ්\u200dරී'],
    ['👩\u200d💻', '👩\u200d💻'],
    ['👩🏽\u200d🚒 team', '👩🏽\u200d🚒 team'],
    ['🏳\ufe0f\u200d🌈', '🏳\ufe0f\u200d🌈'],
    ['👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧'],
    ['❤\ufe0f\u200d🔥', '❤\ufe0f\u200d🔥'],
    ['I ❤\ufe0f Rio', 'I ❤\ufe0f Rio'],
    ['1\ufe0f\u20e3', '1\ufe0f\u20e3'],
    ['🇧🇷', '🇧🇷'],
    [
      '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
      '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    ],
    ['7', '7'],
    ['€', '€'],
    ['?', '?'],
  ])('stores %j as %j', (input, text) => {
    expect(checkLine(input, 50)).toEqual({ text });
    expect(checkLine(text, 50)).toEqual({ text });
  });

  it.each([
    'A\u0000',
    'A\nB',
    'A\rB',
    'A\tB',
    'A\u0085B',
    'A\u001bB',
    'A\u007fB',
    'A\u009fB',
    'A\u2028B',
    'A\u2029B',
    'A\u200bB',
    'A\u2060B',
    'A\ufeffB',
    'A\u00adB',
    'A\u034fB',
    'A\u180eB',
    'A\u2063B',
    'A\u206aB',
    'A\u061cB',
    'A\u200eB',
    'A\u200fB',
    'A\u202aB',
    'A\u202bB',
    'A\u202cB',
    'A\u202dB',
    'A\u202eB',
    'A\u2066B',
    'A\u2067B',
    'A\u2068B',
    'A\u2069B',
    'A\u115fB',
    'A\u1160B',
    'A\u3164B',
    'A\uffa0B',
    'A\u2800B',
    'A\u17b4B',
    'A\u{1d159}B',
    'A\u{13441}B',
    'A\ufff9B',
    'A\ufffcB',
    'A\u{1d173}B',
    'A\u{e0041}B',
    'A\u{e0001}B',
    'A\ufe0fB',
    'A\ufe00B',
    'A\u{e0100}B',
    '1\ufe0f',
    '😀\u{e0061}\u{e007f}',
    'A\ue000B',
    'A\u{f0000}B',
    'A\u0378B',
    'A\ufdd0B',
    'A\uffffB',
    'A\ud800B',
    '\u200dAna',
    'Ana\u200d',
    'Ana\u200c Souza',
    'Ana \u200dSouza',
    'An\u200c\u200da',
    '1\u200d2',
    '\u200d',
    '\u200c',
    '\u200b',
    '\u2800',
    '\u3164',
    '\u115f',
    '\u200b\u3164',
    '\u2800 \u2800',
  ])('refuses %j', (input) => {
    expect(checkLine(input, 50)).toEqual({ refusal: FORBIDDEN });
  });

  it.each(['', ' ', '\n', '\u00a0', '\u3000\u2003', '\u0301', '\u0301 \u0302', '\u20e3', '\u093f'])(
    'refuses %j, in which nothing can be seen',
    (input) => {
      expect(checkLine(input, 50)).toEqual({ refusal: INVISIBLE });
    },
  );

  it.each(['\u0301a', ' \u0301a', '\u20e3 Ana', '\u093fक', '\u0489Ana'])(
    'refuses %j, whose first mark would combine with the text before it',
    (input) => {
      const refusal = 'must not start with a combining mark';
      expect(checkLine(input, 50)).toEqual({ refusal });
      expect(checkText(input, 50)).toEqual({ refusal });
    },
  );

  it('counts code points in the stored form', () => {
    expect(checkLine('😀'.repeat(5), 5)).toHaveProperty('text');
    expect(checkLine('e\u0301'.repeat(5), 5)).toHaveProperty('text');
    expect(checkLine(` ${'a'.repeat(5)} `, 5)).toHaveProperty('text');
    expect(checkLine('❤\ufe0f'.repeat(3), 5)).toEqual({
      refusal: 'must have at most 5 characters',
    });
    expect(checkLine('a'.repeat(6), 5)).toEqual({ refusal: 'must have at most 5 characters' });
  });
});

describe('checkText', () => {
  it.each([
    ['', ''],
    [' \n ', ''],
    ['one\n\ttwo\n', 'one\n\ttwo'],
    ['one\r\ntwo', 'one\ntwo'],
    ['Jose\u0301\nJose\u0301', 'José\nJosé'],
    ['می\u200cخواهم\n👩\u200d💻', 'می\u200cخواهم\n👩\u200d💻'],
  ])('stores %j as %j', (input, text) => {
    expect(checkText(input, 50)).toEqual({ text });
    expect(checkText(text, 50)).toEqual({ text });
  });

  it.each([
    'a\rb',
    'a\u0000b',
    'a\vb',
    'a\u2028b',
    'a\u202eb',
    'a\u200bb',
    'a\n\u200d',
    '\u2800',
    'a\u200c\nb',
  ])('refuses %j', (input) => {
    expect(checkText(input, 50)).toEqual({ refusal: FORBIDDEN });
  });

  it('refuses a text of marks alone and one that is too long', () => {
    expect(checkText('\u0301\n\u0302', 50)).toEqual({ refusal: INVISIBLE });
    expect(checkText('a\n'.repeat(4), 5)).toEqual({ refusal: 'must have at most 5 characters' });
  });
});
