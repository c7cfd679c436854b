import { type OptionsDictionary, ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';
import * as english from '@zxcvbn-ts/language-en';
import * as portuguese from '@zxcvbn-ts/language-pt-br';

/**
 * What zxcvbn says of a password: a score from 0 to 4, and what a person can do about a low one.
 */
export interface PasswordStrength {
  score: number;
  warning: string | undefined;
  suggestions: string[];
}

/** Lowest score that a password may have: 3 stands for more than 10^8 guesses. */
export const MIN_PASSWORD_SCORE = 3;

/**
 * Code points that zxcvbn sees at once. Its work grows faster than the square of the length: 256
 * random characters took it ten seconds with its own settings, and a request must not stop all
 * others for that long.
 */
const WINDOW = 20;

/**
 * Readings of a text in which digits and signs stand for letters (p4$$w0rd) that are looked up.
 * Each is another pass over all dictionaries; beyond eight the verdict on real words hardly
 * changes, the time does.
 */
const LEET_READINGS = 8;

const scorer = new ZxcvbnFactory({
  translations: english.translations,
  graphs: common.adjacencyGraphs,
  dictionary: mergedDictionaries(),
  l33tMaxSubstitutions: LEET_READINGS,
});

/**
 * How well the password resists guessing. A long one is judged by its first and by its last 20
 * characters, the better of the two: the whole is at least as hard to guess as any part of it.
 * @param words words that a guesser of this very password tries first, such as its owner's name
 */
export function passwordStrength(password: string, words: readonly string[]): PasswordStrength {
  const characters = [...password];
  const start = estimate(characters.slice(0, WINDOW), words);
  if (characters.length <= WINDOW || start.score >= MIN_PASSWORD_SCORE) return start;
  const end = estimate(characters.slice(-WINDOW), words);
  return end.score > start.score ? end : start;
}

/** One for each way in which zxcvbn reads a text: words, leet, sequences, keys that are neighbours, repeats, dates. */
const WARM_UP_TEXTS = [
  'quatro cavalos pastam longe',
  'p4$$w0rd!l33t@@1',
  'abcdefgh.31.12.1999',
  'qwertyuiop[]asdf',
  'aaaaaaaaaaaaaaaaaaaa',
  '2#4@6!8$0^1&3*5(',
];

/** The second round halves what the first verdict costs after it; a third one changes nothing. */
const WARM_UP_ROUNDS = 2;

let warm = false;

/**
 * Lets the engine compile the scorer before the first request has to wait for it. Measured on one core, the first
 * verdicts take 8 to 15 ms without and 2 to 5 ms with it, for 80 ms once at the start of the process; a worker thread
 * would save less than its copy of the dictionaries costs.
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

/**
 * The dictionaries of both languages, with the 28 short ones of word sequences (days, months,
 * numbers…) joined into one: every substring is looked up in every dictionary, and joined it takes
 * a third of the time. zxcvbn tells sequences by the name before the hyphen and reads nothing else
 * from it.
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
