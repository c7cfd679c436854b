import { describe, expect, it } from 'vitest';
import { LOCALES } from '@poc-tracker/contracts';
import * as english from '@zxcvbn-ts/language-en';
import { feedbackLocale, refusalMessage, strengthSentences } from './password-feedback.js';

describe('The language of the feedback about a password', () => {
  it.each([
    [undefined, 'en-US'],
    ['', 'en-US'],
    ['pt-BR,pt;q=0.9,en;q=0.8', 'pt-BR'],
    ['en-GB, pt;q=0.9', 'en-US'],
    ['PT', 'pt-BR'],
    ['fr, pt-PT;q=0.1', 'pt-BR'],
    ['fr-FR, de', 'en-US'],
    ['pt;q=0, en', 'en-US'],
    ['*', 'pt-BR'],
    [`${'x,'.repeat(90)}pt`, 'pt-BR'],
    ['\u0000;;q=,,', 'en-US'],
  ])('is, for the header %s, %s', (header, locale) => {
    expect(feedbackLocale(header, undefined)).toBe(locale);
  });

  it('is that of the user if the client asks for none of the two', () => {
    expect(feedbackLocale(undefined, 'pt-BR')).toBe('pt-BR');
    expect(feedbackLocale('fr', 'pt-BR')).toBe('pt-BR');
    expect(feedbackLocale('en', 'pt-BR')).toBe('en-US');
  });
});

describe('The feedback about a password', () => {
  it.each(LOCALES)('has every text of zxcvbn in %s', (locale) => {
    const { warnings, suggestions } = english.translations;
    for (const warning of Object.keys(warnings))
      expect(strengthSentences({ warning, suggestions: [] }, locale).warning).toMatch(/\.$/);
    const all = strengthSentences(
      { warning: undefined, suggestions: Object.keys(suggestions) },
      locale,
    );
    expect(all.suggestions).toHaveLength(Object.keys(suggestions).length);
  });

  it('has the number that a length is about', () => {
    expect(refusalMessage('too_short', 'pt-BR', 15)).toBe('deve ter pelo menos 15 caracteres.');
  });
});
