import { describe, expect, it } from 'vitest';
import { foldCase } from './case-folding.js';
import { CHARACTERS_WITH_FORMS, formsOf } from './code-points.fixture.js';

describe('foldCase', () => {
  it.each([
    ['Ana', 'ana'],
    ['İPEK', 'ipek'],
    ['i\u0307pek', 'ipek'],
    ['I\u0307PEK', 'ipek'],
    ['ĖL', 'ėl'],
    ['q\u0307', 'q'],
    ['ışık', 'işik'],
    ['IŞIK', 'işik'],
    ['straße', 'strasse'],
    ['STRAẞE', 'strasse'],
    ['STRASSE', 'strasse'],
    ['ΝΊΚΟΣ', 'νίκοσ'],
    ['νίκος', 'νίκοσ'],
    ['\u212aelvin', 'kelvin'],
    ['\u212bngstr\u00f6m', 'ångström'],
    ['ﬁona', 'fiona'],
    ['ﬀ', 'ff'],
    ['ſam', 'sam'],
    ['ＡＮＡ', 'ana'],
    ['jose\u0301', 'josé'],
    ['JOSÉ', 'josé'],
    ['ŉ', 'ʼn'],
    ['Ǆ', 'dž'],
    ['ЁЖ', 'ёж'],
    ['ԱԲ', 'աբ'],
    ['և', 'եւ'],
    ['Ꭰ', 'ꭰ'],
    ['𝐀𝐧𝐚', 'ana'],
  ])('folds %s to %s', (text, folded) => {
    expect(foldCase(text)).toBe(folded);
  });

  it('gives all forms of each character of Unicode one form, which it keeps', () => {
    const faults = CHARACTERS_WITH_FORMS.filter((character) => {
      const folded = foldCase(character);
      return [folded, ...formsOf(character)].some((form) => foldCase(form) !== folded);
    });
    expect(faults).toEqual([]);
  });
});
