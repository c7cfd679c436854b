import { type OptionsDictionary, ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';
import * as english from '@zxcvbn-ts/language-en';
import * as portuguese from '@zxcvbn-ts/language-pt-br';
import type { StrengthFeedback } from './password-feedback.js';

/** The result of zxcvbn: a score from 0 to 4, and how to improve a low one. */
export interface PasswordStrength extends StrengthFeedback {
  score: number;
}

/** Minimum score of a password: 3 means at least 10^8 guesses. */
export const MIN_PASSWORD_SCORE = 3;

/**
 * Maximum number of code points that zxcvbn checks at once. Its run time grows faster than the
 * square of the length: 256 random characters take ten seconds with its default settings, during
 * which the process answers no other request.
 */
const WINDOW = 20;

/**
 * Maximum number of leet substitutions (p4$$w0rd) that zxcvbn tries. Each takes another pass over
 * all dictionaries. More than eight take more time and hardly change the score of real words.
 */
const MAX_LEET_SUBSTITUTIONS = 8;

const scorer = new ZxcvbnFactory({
  translations: namesOf(english.translations),
  graphs: common.adjacencyGraphs,
  dictionary: mergedDictionaries(),
  l33tMaxSubstitutions: MAX_LEET_SUBSTITUTIONS,
});

/**
 * Estimates how hard the password is to guess. For a long one, the result is the better of its first
 * and its last 20 characters: the whole is at least as hard to guess as any part of it.
 * @param words words that an attacker would try first, such as the user's name
 */
export function passwordStrength(password: string, words: readonly string[]): PasswordStrength {
  const characters = [...password];
  const start = estimate(characters.slice(0, WINDOW), words);
  if (characters.length <= WINDOW || start.score >= MIN_PASSWORD_SCORE) return start;
  const end = estimate(characters.slice(-WINDOW), words);
  return end.score > start.score ? end : start;
}

/** One text per matcher of zxcvbn: words, leet, sequences, keyboard neighbors, repeats, dates. */
const WARM_UP_TEXTS = [
  'quatro cavalos pastam longe',
  'p4$$w0rd!l33t@@1',
  'abcdefgh.31.12.1999',
  'qwertyuiop[]asdf',
  'aaaaaaaaaaaaaaaaaaaa',
  '2#4@6!8$0^1&3*5(',
];

/** The second round halves the time of the first check afterwards; a third round changes nothing. */
const WARM_UP_ROUNDS = 2;

let warm = false;

/**
 * Makes the engine compile the scorer before the first request. Measured on one core: the first checks take 8 to 15 ms
 * without and 2 to 5 ms with the warm-up, which takes 80 ms at the start of the process. A worker thread would save less
 * than its copy of the dictionaries costs.
 */
export function warmUpPasswordStrength(): void {
  if (warm) return;
  warm = true;
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
    for (const text of WARM_UP_TEXTS) passwordStrength(text, ['warm', 'up']);
  }
}

function estimate(characters: string[], words: readonly string[]): PasswordStrength {
  const { score, feedback } = scorer.check(characters.join(''), [...words]);
  return { score, warning: feedback.warning ?? undefined, suggestions: feedback.suggestions };
}

/** Every text is its name: the scorer does not know the language of the user. */
function namesOf(texts: typeof english.translations): typeof english.translations {
  const names = <T extends object>(group: T): T =>
    Object.fromEntries(Object.keys(group).map((name) => [name, name])) as T;
  return { ...texts, warnings: names(texts.warnings), suggestions: names(texts.suggestions) };
}

/**
 * The dictionaries of both languages, with the 28 short dictionaries of word sequences (days,
 * months, numbers…) merged into one. Every substring is looked up in every dictionary, and merging
 * takes a third of the time. zxcvbn only uses the part of the name before the hyphen.
 */
function mergedDictionaries(): OptionsDictionary {
  const dictionaries: OptionsDictionary = {
    ...common.dictionary,
    ...english.dictionary,
    ...portuguese.dictionary,
  };
  const vocabulary = /^(passwords|diceware|commonWords|firstnames|lastnames|wikipedia)-/;
  const entries = Object.entries(dictionaries);
  return {
    ...Object.fromEntries(entries.filter(([name]) => vocabulary.test(name))),
    'timePeriods-and-other-sequences': entries
      .filter(([name]) => !vocabulary.test(name))
      .flatMap(([, words]) => words),
  };
}
