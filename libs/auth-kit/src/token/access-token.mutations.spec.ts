import { ApiError } from '@poc-tracker/contracts';
import { randomIntegers } from '@poc-tracker/testing';
import { describe, expect, it } from 'vitest';
import { contextOf, createGuard, requestWith } from '../../test/requests.js';
import { genuine } from '../../test/token-forge.js';

/** Change it to try other mutants. A failure prints the mutant, so that it can become a test case of its own. */
const SEED = 20_240_611;
const MUTANTS = 6_000;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const INVALID_CHARACTERS = ' \t\r\n\0=+/.,;:%"\'{}\\!~\u00e9\u200b\ufeff';

describe('JwtAuthGuard', () => {
  it(`refuses ${MUTANTS} mutants of tokens that it has just verified (seed ${SEED})`, async () => {
    const random = randomIntegers(SEED);
    const { guard, sessionStatus } = createGuard();
    const present = async (token: string) =>
      guard.canActivate(contextOf(requestWith(['Authorization', `Bearer ${token}`])));
    const tokens = [
      genuine(),
      genuine({ permissions: ['manage_users'] }),
      genuine({ user_role: 'admin' }),
    ];
    for (const token of tokens) await present(token);

    for (let count = 0; count < MUTANTS; count += 1) {
      const mutant = mutate(pick(tokens, random), tokens, random);
      if (tokens.includes(mutant)) continue;
      const outcome = await present(mutant).catch((error: unknown) => error);
      expect(outcome, JSON.stringify(mutant)).toBeInstanceOf(ApiError);
      expect(outcome, JSON.stringify(mutant)).toMatchObject({ code: 'INVALID_TOKEN' });
    }

    expect(sessionStatus.queries).toHaveLength(tokens.length);
  });
});

type Random = (below: number) => number;

type Mutation = (token: string, tokens: readonly string[], random: Random) => string;

const mutations: Mutation[] = [
  // One character replaced, added, removed or moved.
  (token, _all, random) => splice(token, random(token.length), 1, pick([...BASE64URL], random)),
  (token, _all, random) =>
    splice(token, random(token.length), 1, pick([...INVALID_CHARACTERS], random)),
  (token, _all, random) =>
    splice(token, random(token.length + 1), 0, pick([...BASE64URL, ...INVALID_CHARACTERS], random)),
  (token, _all, random) => splice(token, random(token.length), 1, ''),
  (token, _all, random) => {
    const at = random(token.length - 1);
    return splice(token, at, 2, `${token[at + 1]}${token[at]}`);
  },
  // The last character has bits that no byte uses.
  (token, _all, random) => splice(token, token.length - 1, 1, pick([...BASE64URL], random)),
  // Truncated, doubled, or in another case.
  (token, _all, random) => token.slice(0, random(token.length)),
  (token, _all, random) =>
    splice(token, random(token.length), 0, token.slice(0, random(token.length))),
  (token, _all, random) => splice(token, random(token.length), 0, '.'),
  (token, _all, random) => {
    const at = random(token.length);
    return splice(token, at, 1, swapCase(token[at] ?? ''));
  },
  // Parts of two tokens.
  (token, all, random) => withPart(token, random(3), pick(all, random).split('.')[random(3)] ?? ''),
  // The decoded bytes of a part, with one bit changed.
  (token, _all, random) => {
    const index = random(3);
    const bytes = Buffer.from(token.split('.')[index] ?? '', 'base64url');
    const at = random(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    return withPart(token, index, bytes.toString('base64url'));
  },
];

function mutate(token: string, tokens: readonly string[], random: Random): string {
  let mutant = token;
  for (let round = 0; round <= random(3); round += 1)
    mutant = pick(mutations, random)(mutant, tokens, random);
  return mutant;
}

function withPart(token: string, index: number, part: string): string {
  return token
    .split('.')
    .map((old, position) => (position === index ? part : old))
    .join('.');
}

function splice(text: string, at: number, remove: number, insert: string): string {
  return text.slice(0, at) + insert + text.slice(at + remove);
}

function swapCase(character: string): string {
  return character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase();
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[random(items.length)] as T;
}
