import { ApiError } from '@poc-tracker/contracts';
import { runInRequestContext } from '@poc-tracker/tenancy';
import { describe, expect, it } from 'vitest';
import { BreachedPasswords } from './breached-passwords.js';
import { passwordProblem, PasswordPolicy } from './password.policy.js';
import type { PasswordContext } from './personal-words.js';

const context: PasswordContext = {
  tenant: {
    name: 'Padaria São João',
    subdomain: 'padoca',
    customDomain: 'entrar.fornalha.example',
  },
  rules: { passwordMinLength: 8, passwordWords: ['Croissant', 'Pão de Ló'] },
  email: 'maria.oliveira+work@example.com',
  firstName: 'Maria José',
  lastName: 'Oliveira',
};

const list = BreachedPasswords.load();
const problem = (password: string, overrides: Partial<PasswordContext> = {}) =>
  passwordProblem(password, { ...context, ...overrides }, list, 'en-US');

/** Characters without a pattern, the same in every run. */
function scrambled(length: number): string {
  return Array.from({ length }, (_, index) =>
    String.fromCharCode(33 + ((index * index * 31 + index * 17) % 94)),
  ).join('');
}

/**
 * The lowest CPU time of the work in four tries. Unlike the elapsed time, it does not depend on
 * other processes.
 */
function milliseconds(work: () => unknown): number {
  const tries = Array.from({ length: 4 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...tries);
}

describe('the length of a password', () => {
  it.each([8, 9, 15, 64])('is at least the %i characters that the tenant requires', (minLength) => {
    const rules = { ...context.rules, passwordMinLength: minLength };
    expect(problem(scrambled(minLength - 1), { rules })).toEqual({
      reason: 'too_short',
      message: `must have at least ${minLength} characters.`,
      minLength,
    });
    expect(problem(scrambled(minLength), { rules })?.reason).not.toBe('too_short');
  });

  it('is at least eight characters', () => {
    expect(problem('9v#Lq2!')).toMatchObject({ reason: 'too_short' });
    expect(problem('9v#Lq2!x')).toMatchObject({ reason: 'weak', score: 2 });
    expect(problem('9v#Lq2!xK')).toBeUndefined();
  });

  it('is counted in code points, not in UTF-16 units', () => {
    expect(problem('🦊🌵🪁🧭🎻🥁🦉')).toMatchObject({ reason: 'too_short' });
    expect(problem(`${'🦊'.repeat(250)}9v#Lq2`)?.reason).not.toBe('too_long');
  });

  it('is counted in the normal form: four decomposed accents are four characters', () => {
    expect(problem('e\u0301e\u0301e\u0301e\u0301')).toMatchObject({ reason: 'too_short' });
  });

  it.each([64, 128, 256])('may be %i characters', (length) => {
    expect(problem(scrambled(length))).toBeUndefined();
  });

  it('is at most 256 characters, before and after normalization', () => {
    expect(problem(scrambled(257))).toMatchObject({ reason: 'too_long' });
    expect(problem('\uFDFA'.repeat(20))).toMatchObject({ reason: 'too_long' });
  });

  it('is refused within 50 ms at 4 KiB and 64 KiB', () => {
    for (const length of [4_096, 65_536]) {
      expect(
        milliseconds(() =>
          expect(problem(scrambled(length))).toMatchObject({ reason: 'too_long' }),
        ),
      ).toBeLessThan(50);
    }
  });

  it('does not matter for a lone surrogate, which is always refused', () => {
    expect(problem('9v#Lq2!x\uD83D')).toMatchObject({ reason: 'too_long' });
  });
});

describe('the composition of a password', () => {
  it.each([
    'quatro cavalos pastam longe',
    'correcthorsebatterystaplers',
    '  espaços também contam  ',
    '锦上添花画蛇添足亡羊补牢',
    '🦊 corre 🌵 devagar 🪁',
  ])('has no rules: accepts %s', (password) => {
    expect(problem(password)).toBeUndefined();
  });
});

describe('a password with personal words', () => {
  it.each([
    ["the tenant's subdomain", 'uxq-padoca-93!vz'],
    ["the tenant's subdomain in capitals", 'uxq-PADOCA-93!vz'],
    ["the tenant's name", 'uxqpadaria são joão93!vz'],
    ["the tenant's name without accents and spaces", 'uxqPadariaSaoJoao93!vz'],
    ["the tenant's domain", 'uxq-entrar.fornalha.example-93!vz'],
    ["a label of the tenant's domain", 'uxq-FORNALHA-93!vz'],
    ["one of the tenant's words", 'uxq-croissant-93!vz'],
    ["one of the tenant's words without accents and spaces", 'uxq-PaoDeLo-93!vz'],
    ["the product's name", 'vz93!POCTracker-uxq'],
    ["the product's name with another separator", 'vz93!poc-tracker-uxq'],
    ['the whole local part', 'vz93!maria.oliveira+work-uxq'],
    ['the local part without its tag', 'vz93!maria.oliveira-uxq'],
    ['the first of two first names', 'vz93!MARIA-uxqk'],
    ['the last name', 'vz93!oliveirauxqk'],
    ['the last name in full-width letters', 'vz93!ｏｌｉｖｅｉｒａuxqk'],
  ])('is refused for %s although it is strong otherwise', (_what, password) => {
    expect(problem(password)).toMatchObject({ reason: 'personal' });
    expect(
      passwordProblem(
        password,
        {
          rules: { ...context.rules, passwordWords: [] },
          tenant: { name: '-', subdomain: 'x' },
          email: 'q@example.com',
        },
        list,
        'en-US',
      )?.reason,
    ).toBe(/poc.?tracker/i.test(password) ? 'personal' : undefined);
  });

  it('is accepted for words of three letters, which occur by chance', () => {
    const short = {
      tenant: { name: 'Ace', subdomain: 'ace' },
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Sá',
    };
    expect(problem('bananas no palácio azul', short)).toBeUndefined();
  });

  it('is checked without names and with an email address without a local part', () => {
    expect(
      problem('quatro cavalos pastam longe', { email: '', firstName: null, lastName: undefined }),
    ).toBeUndefined();
  });
});

describe('a breached password', () => {
  it('is refused with the reason breached, however strong it looks', () => {
    const strong = passwordProblem('9v#Lq2!x-uk', context, { has: () => true }, 'en-US');
    expect(strong).toMatchObject({
      reason: 'breached',
      message: expect.stringContaining('breached') as string,
    });
    expect(problem('Password1')).toMatchObject({ reason: 'breached' });
  });
});

describe('the strength of a password', () => {
  it('is refused with suggestions if it is easy to guess', () => {
    expect(problem('ab'.repeat(30))).toMatchObject({
      reason: 'weak',
      score: expect.any(Number) as number,
      message: expect.stringMatching(/too easy to guess.+/) as string,
      suggestions: expect.arrayContaining([expect.any(String)]) as string[],
    });
  });

  it.each([
    'januaryfebruarymarch',
    'onetwothreefourfive',
    'zxcvbnm,./asdfgh',
    'c4v4l0s99',
    'saudade2025',
  ])('considers words of both languages, sequences and keyboard patterns: %s', (password) => {
    expect(problem(password)).toMatchObject({
      reason: expect.stringMatching(/weak|breached/) as string,
    });
  });

  it('is high enough if either end of a long password is strong', () => {
    expect(problem(`${'a'.repeat(100)}${scrambled(20)}`)).toBeUndefined();
    expect(problem(`${scrambled(20)}${'a'.repeat(100)}`)).toBeUndefined();
    expect(problem('a'.repeat(124))).toMatchObject({ reason: 'weak' });
  });

  it.each([
    ['scrambled', scrambled(256)],
    ['leet substitutions', 'p@$$w0rd1!'.repeat(25)],
    ['many possible leet substitutions', '4@8({[<3€6191|!17105$§7+2%'.repeat(9)],
    ['digits', '0123456789'.repeat(25)],
    ['one letter', 'a'.repeat(256)],
    ['a date', '19900101'.repeat(32)],
    ['keyboard rows', 'zxcvbnm,./asdfghjkl;'.repeat(12)],
    ['slashes', '\\/'.repeat(128)],
    ['words', 'password dragon monkey '.repeat(11)],
    ['decomposed accents', 'e\u0301'.repeat(256)],
  ])('is checked within 100 ms for 256 characters: %s', (_what, password) => {
    expect(milliseconds(() => problem(password))).toBeLessThan(100);
  });
});

describe('PasswordPolicy', () => {
  const policy = new PasswordPolicy();

  function refusal(password: string, field?: string): ApiError {
    try {
      policy.check(password, context, field);
    } catch (error) {
      if (error instanceof ApiError) return error;
    }
    throw new Error('expected an ApiError');
  }

  it('throws a VALIDATION_ERROR with the field, the reason and the score', () => {
    expect(refusal('ab'.repeat(30), 'newPassword')).toMatchObject({
      code: 'VALIDATION_ERROR',
      status: 400,
      details: [{ field: 'newPassword', reason: 'weak', score: expect.any(Number) as number }],
    });
    expect(refusal('Password1').details).toMatchObject([{ field: 'password', reason: 'breached' }]);
  });

  it("explains itself in the user's language", () => {
    const inPortuguese = { ...context, locale: 'pt-BR' } as const;
    const explain = (password: string) => {
      try {
        policy.check(password, inPortuguese);
      } catch (error) {
        return (error as ApiError).details;
      }
      return undefined;
    };
    expect(explain('curta')).toMatchObject([{ message: 'deve ter pelo menos 8 caracteres.' }]);
    expect(explain('ab'.repeat(30))).toMatchObject([
      {
        message: expect.stringMatching(/^é fácil demais de adivinhar\. .*como/) as string,
        suggestions: expect.arrayContaining([expect.stringMatching(/palavras/)]) as string[],
      },
    ]);
  });

  it('explains itself in the language of the request to those who have no account yet', () => {
    const client = { ipAddress: null, userAgent: null, acceptLanguage: 'fr, pt;q=0.8, en;q=0.5' };
    const [detail] = runInRequestContext(
      { requestId: '1', client },
      () => refusal('curta').details as { message: string }[],
    );
    expect(detail?.message).toBe('deve ter pelo menos 8 caracteres.');
  });

  it('does not repeat the password in the error', () => {
    for (const password of ['ab'.repeat(30), 'Password1', 'vz93!MARIA-uxqk', '9v#Lq2!']) {
      expect(JSON.stringify(refusal(password))).not.toContain(password);
    }
  });

  it('accepts a strong password', () => {
    expect(() => policy.check('quatro cavalos pastam longe', context)).not.toThrow();
  });
});
