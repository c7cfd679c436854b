import { describe, expect, it } from 'vitest';
import { foldCase } from './case-folding.js';
import { CHARACTERS_WITH_FORMS, formsOf } from './code-points.fixture.js';
import { checkEmail, emailSearchKey, unicodeEmailSearchKey } from './email-address.js';

describe('checkEmail', () => {
  it.each([
    ['ana@acme.example', 'ana@acme.example'],
    [' Ana.Souza+Work@ACME.Example\n', 'ana.souza+work@acme.example'],
    ['jose\u0301@x.example', 'jos\u00e9@x.example'],
    ['JOS\u00c9@X.EXAMPLE', 'jos\u00e9@x.example'],
    ['ana@bücher.example', 'ana@xn--bcher-kva.example'],
    ['ana@BU\u0308CHER.example', 'ana@xn--bcher-kva.example'],
    ['ana@XN--BCHER-KVA.example', 'ana@xn--bcher-kva.example'],
    ['ana@ｅｘａｍｐｌｅ.com', 'ana@example.com'],
    ['ana@acme。example', 'ana@acme.example'],
    ['İpek@x.example', 'i\u0307pek@x.example'],
    ['ipek@x.example', 'ipek@x.example'],
    ['ISPARTALI@x.example', 'ispartali@x.example'],
    ['ıspartalı@x.example', 'ıspartalı@x.example'],
    ['straße@x.example', 'straße@x.example'],
    ['STRAẞE@x.example', 'straße@x.example'],
    ['ΝΊΚΟΣ@x.example', 'νίκος@x.example'],
    ['νίκος@x.example', 'νίκος@x.example'],
    ['m²@x.example', 'm²@x.example'],
    ['\u212aim@x.example', 'kim@x.example'],
    ['ﬁona@x.example', 'ﬁona@x.example'],
    ['J\u030Cana@x.example', '\u01F0ana@x.example'],
    ['ａｎａ@x.example', 'ａｎａ@x.example'],
    ['李@例え.テスト', '李@xn--r8jz45g.xn--zckzah'],
    ['राम@x.example', 'राम@x.example'],
    ["o'brien!#$%&*+/=?^_`{|}~-@x.example", "o'brien!#$%&*+/=?^_`{|}~-@x.example"],
    ['a@b.co', 'a@b.co'],
  ])('stores %j as %s', (input, text) => {
    expect(checkEmail(input)).toEqual({ text });
    expect(checkEmail(text)).toEqual({ text });
  });

  it.each([
    'jo\u200bse@x.example',
    'jose\u200d@x.example',
    'jo\u200cse@x.example',
    'jo\u00adse@x.example',
    'jo\u2060se@x.example',
    'jose@x\u200b.example',
    'jo\u202ese@x.example',
    '\u200fjose@x.example',
    'jose\u2069@x.example',
    'jo\u3164se@x.example',
    'jo\u115fse@x.example',
    'jo\u2800se@x.example',
    'jo\ufe0fse@x.example',
    'jo\u0000se@x.example',
    'jo\nse@x.example',
    'jo\tse@x.example',
    'jo\u034fse@x.example',
    'jo\ue000se@x.example',
    'jo\u0378se@x.example',
    'jo\u{e0041}se@x.example',
    'jose@x.exa\u00admple',
    'jose@\u202ex.example',
  ])('refuses %j for a character that must not be in any text', (input) => {
    expect(checkEmail(input)).toEqual({
      refusal: 'must not contain control, invisible or direction characters',
    });
  });

  it.each([
    '',
    '@',
    'ana',
    'ana@',
    '@x.example',
    'ana@x',
    'ana@localhost',
    'ana@127.0.0.1',
    'ana@[127.0.0.1]',
    'ana@x.example.',
    'ana@x..example',
    'ana@-x.example',
    'ana@x.7',
    'a na@x.example',
    'ana @x.example',
    'ana@ x.example',
    '.ana@x.example',
    'ana.@x.example',
    'a..na@x.example',
    'a@b@x.example',
    '"ana"@x.example',
    '"a b"@x.example',
    'ana(c)@x.example',
    'Ana <ana@x.example>',
    'a,b@x.example',
    'a;b@x.example',
    'a\\b@x.example',
    'ana＠x.example',
    'ana＠y@x.example',
    '⑴@x.example',
    'a™@x.example',
    '\u0301ana@x.example',
    'a.\u0301@x.example',
    '😀@x.example',
    'a€@x.example',
    'ana@xn--a.example',
    'ana@a_b.example',
    'ana\u00a0b@x.example',
    'mailto:ana@x.example',
    'ana@x.example/y',
    'ana@x.example:25',
  ])('refuses %j, which is no address', (input) => {
    expect(checkEmail(input)).toEqual({
      refusal: 'must be an email address such as ana@acme.example',
    });
  });

  it('limits the local part to 64 bytes and the address to 254, in the stored form', () => {
    const label = 'a'.repeat(63);
    const domain = (length: number) =>
      `${label}.${label}.${label}`.slice(0, length - 8) + '.example';
    expect(checkEmail(`${'a'.repeat(64)}@x.example`)).toHaveProperty('text');
    expect(checkEmail(`${'a'.repeat(65)}@x.example`)).toHaveProperty('refusal');
    expect(checkEmail(`${'é'.repeat(32)}@x.example`)).toHaveProperty('text');
    expect(checkEmail(`${'é'.repeat(33)}@x.example`)).toHaveProperty('refusal');
    expect(checkEmail(`${'ß'.repeat(32)}@x.example`)).toHaveProperty('text');
    expect(checkEmail(`${'ß'.repeat(32)}a@x.example`)).toHaveProperty('refusal');
    expect(checkEmail(`${'a'.repeat(64)}@${domain(189)}`)).toHaveProperty('text');
    expect(checkEmail(`${'a'.repeat(64)}@${domain(190)}`)).toHaveProperty('refusal');
  });

  it('keeps its form, and gives the forms of each character of Unicode one key', () => {
    const stored = (character: string): string | undefined => {
      const checked = checkEmail(`a${character}b@x.example`);
      return 'text' in checked ? checked.text : undefined;
    };
    const faults = CHARACTERS_WITH_FORMS.filter((character) => {
      const first = stored(character);
      if (first === undefined) return false;
      const others = formsOf(character).flatMap((form) => stored(form) ?? []);
      const { text } = { text: '', ...checkEmail(first) };
      return text !== first || others.some((other) => foldCase(other) !== foldCase(first));
    });
    expect(faults).toEqual([]);
  });
});

describe('emailSearchKey', () => {
  it.each([
    ['İpek', 'ipek'],
    ['İpek@', 'ipek@'],
    ['JOSE\u0301@x', 'jos\u00e9@x'],
    ['ana@bücher.example', 'ana@xn--bcher-kva.example'],
    ['ANA@ACME.', 'ana@acme.'],
    ['ana@acme.ex', 'ana@acme.ex'],
    ['@acme', '@acme'],
    ['Straße', 'strasse'],
    ['Ana Souza', 'ana souza'],
    ['a\u200dna\u200c', 'ana'],
    ['m²', 'm2'],
  ])('searches %j as %s', (start, key) => {
    expect(emailSearchKey(start)).toBe(key);
  });
});

describe('unicodeEmailSearchKey', () => {
  it.each([
    ['ana@bücher.example', 'ana@bücher.example'],
    ['Ana@BU\u0308CH', 'ana@büch'],
    ['ana@b', 'ana@b'],
    ['ana@', 'ana@'],
    ['ana', 'ana'],
    ['ana@XN--BCHER-KVA.ex', 'ana@bücher.ex'],
    ['ana@xn--a.ex', 'ana@xn--a.ex'],
    ['ana@bücher。ex', 'ana@bücher.ex'],
    ['ana@bü\u200dcher', 'ana@bücher'],
    ['ana@straße', 'ana@strasse'],
  ])('searches %j as %s', (start, key) => {
    expect(unicodeEmailSearchKey(start)).toBe(key);
  });
});
