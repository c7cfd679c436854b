import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { BreachedPasswords } from './breached-passwords.js';
import { passwordProblem, PasswordPolicy } from './password.policy.js';
import type { PasswordContext } from './personal-words.js';

const context: PasswordContext = {
  tenant: { name: 'Padaria São João', subdomain: 'padoca' },
  email: 'maria.oliveira+work@example.com',
  firstName: 'Maria José',
  lastName: 'Oliveira',
};

const list = BreachedPasswords.load();
const problem = (password: string, overrides: Partial<PasswordContext> = {}) =>
  passwordProblem(password, { ...context, ...overrides }, list);

/** Characters without any pattern, the same in every run. */
function scrambled(length: number): string {
  return Array.from({ length }, (_, index) =>
    String.fromCharCode(33 + ((index * index * 31 + index * 17) % 94)),
  ).join('');
}

/**
 * The least processor time that the work took in a few tries: unlike the clock it does not depend
 * on who else runs.
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

describe('length', () => {
  it('refuses seven characters for their number and eight for nothing but their strength', () => {
    expect(problem('9v#Lq2!')).toMatchObject({ reason: 'too_short' });
    expect(problem('9v#Lq2!x')).toMatchObject({ reason: 'weak', score: 2 });
    expect(problem('9v#Lq2!xK')).toBeUndefined();
  });

  it('counts code points, not UTF-16 units', () => {
    expect(problem('🦊🌵🪁🧭🎻🥁🦉')).toMatchObject({ reason: 'too_short' });
    expect(problem(`${'🦊'.repeat(250)}9v#Lq2`)?.reason).not.toBe('too_long');
  });

  it('counts the normal form: eight decomposed accents are eight characters', () => {
    expect(problem('e\u0301e\u0301e\u0301e\u0301')).toMatchObject({ reason: 'too_short' });
  });

  it.each([64, 128, 256])('takes %i characters', (length) => {
    expect(problem(scrambled(length))).toBeUndefined();
  });

  it('refuses 257 characters, also where only normalising makes them so many', () => {
    expect(problem(scrambled(257))).toMatchObject({ reason: 'too_long' });
    expect(problem('\uFDFA'.repeat(20))).toMatchObject({ reason: 'too_long' });
  });

  it('refuses 4 KiB and 64 KiB within 50 ms', () => {
    for (const length of [4_096, 65_536]) {
      expect(
        milliseconds(() =>
          expect(problem(scrambled(length))).toMatchObject({ reason: 'too_long' }),
        ),
      ).toBeLessThan(50);
    }
  });

  it('refuses half a surrogate pair, which has no UTF-8 form', () => {
    expect(problem('9v#Lq2!x\uD83D')).toMatchObject({ reason: 'too_long' });
  });
});

describe('composition', () => {
  it.each([
    'quatro cavalos pastam longe',
    'correcthorsebatterystaplers',
    '  espaços também contam  ',
    '锦上添花画蛇添足亡羊补牢',
    '🦊 corre 🌵 devagar 🪁',
  ])('asks for no kind of character: %s', (password) => {
    expect(problem(password)).toBeUndefined();
  });
});

describe('personal words', () => {
  it.each([
    ["the tenant's subdomain", 'uxq-padoca-93!vz'],
    ["the tenant's subdomain in capitals", 'uxq-PADOCA-93!vz'],
    ["the tenant's name", 'uxqpadaria são joão93!vz'],
    ["the tenant's name without accents and spaces", 'uxqPadariaSaoJoao93!vz'],
    ["the product's name", 'vz93!POCTracker-uxq'],
    ["the product's name with another separator", 'vz93!poc-tracker-uxq'],
    ['the whole local part', 'vz93!maria.oliveira+work-uxq'],
    ['the local part without its tag', 'vz93!maria.oliveira-uxq'],
    ['the first of two first names', 'vz93!MARIA-uxqk'],
    ['the last name', 'vz93!oliveirauxqk'],
    ['the last name in full-width letters', 'vz93!ｏｌｉｖｅｉｒａuxqk'],
  ])('refuses %s inside of a password that is strong otherwise', (_what, password) => {
    expect(problem(password)).toMatchObject({ reason: 'personal' });
    expect(
      passwordProblem(
        password,
        { tenant: { name: '-', subdomain: 'x' }, email: 'q@example.com' },
        list,
      )?.reason,
    ).toBe(/poc.?tracker/i.test(password) ? 'personal' : undefined);
  });

  it('leaves words of three letters alone: they turn up by chance', () => {
    const short = {
      tenant: { name: 'Ace', subdomain: 'ace' },
      email: 'ana@example.com',
      firstName: 'Ana',
      lastName: 'Sá',
    };
    expect(problem('bananas no palácio azul', short)).toBeUndefined();
  });

  it('works without names and with an address that has no local part', () => {
    expect(
      problem('quatro cavalos pastam longe', { email: '', firstName: null, lastName: undefined }),
    ).toBeUndefined();
  });
});

describe('breached passwords', () => {
  it('are refused with that reason, however strong they look', () => {
    const strong = passwordProblem('9v#Lq2!x-uk', context, { has: () => true });
    expect(strong).toMatchObject({
      reason: 'breached',
      message: expect.stringContaining('leaked') as string,
    });
    expect(problem('Password1')).toMatchObject({ reason: 'breached' });
  });
});

describe('strength', () => {
  it('refuses what is easy to guess and says what would help', () => {
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
  ])('knows words of both languages, sequences and keyboards: %s', (password) => {
    expect(problem(password)).toMatchObject({
      reason: expect.stringMatching(/weak|breached/) as string,
    });
  });

  it('takes a long password that is strong at either end', () => {
    expect(problem(`${'a'.repeat(100)}${scrambled(20)}`)).toBeUndefined();
    expect(problem(`${scrambled(20)}${'a'.repeat(100)}`)).toBeUndefined();
    expect(problem('a'.repeat(124))).toMatchObject({ reason: 'weak' });
  });

  it.each([
    ['scrambled', scrambled(256)],
    ['letters written as digits and signs', 'p@$$w0rd1!'.repeat(25)],
    ['readings without number', '4@8({[<3€6191|!17105$§7+2%'.repeat(9)],
    ['digits', '0123456789'.repeat(25)],
    ['one letter', 'a'.repeat(256)],
    ['a date', '19900101'.repeat(32)],
    ['keyboard rows', 'zxcvbnm,./asdfghjkl;'.repeat(12)],
    ['slashes', '\\/'.repeat(128)],
    ['words', 'password dragon monkey '.repeat(11)],
    ['decomposed accents', 'e\u0301'.repeat(256)],
  ])('judges 256 characters quickly: %s', (_what, password) => {
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

  it('throws a VALIDATION_ERROR that names the field, the reason and what to do', () => {
    expect(refusal('ab'.repeat(30), 'newPassword')).toMatchObject({
      code: 'VALIDATION_ERROR',
      status: 400,
      details: [{ field: 'newPassword', reason: 'weak', score: expect.any(Number) as number }],
    });
    expect(refusal('Password1').details).toMatchObject([{ field: 'password', reason: 'breached' }]);
  });

  it('never repeats the password', () => {
    for (const password of ['ab'.repeat(30), 'Password1', 'vz93!MARIA-uxqk', '9v#Lq2!']) {
      expect(JSON.stringify(refusal(password))).not.toContain(password);
    }
  });

  it('lets a good one pass', () => {
    expect(() => policy.check('quatro cavalos pastam longe', context)).not.toThrow();
  });
});
