import { describe, expect, it } from 'vitest';
import { tracker, useTracker } from './running-tracker.fixture.js';

useTracker();

interface Poc {
  id: string;
  title: string;
  description: string;
}

describe('The text of a POC', () => {
  it('is stored in NFC: a title of one line, and a description of several', async () => {
    const { token } = await tracker.user();
    const body = { title: ' Cafe\u0301 👩\u200d💻 ', description: 'Cafe\u0301\r\n\t- one\n' };
    const { data } = await tracker.call<Poc>('POST', '/pocs', { token, body });
    expect(data).toMatchObject({
      title: 'Caf\u00e9 👩\u200d💻',
      description: 'Caf\u00e9\n\t- one',
    });
  });

  it.each(['A\u200bB', 'A\u202eB', '\u2800', '\u3164', '\u0301', 'A\u2028B', 'A\rB', '\u200dA'])(
    'is refused with the name of the field, in every field: %j',
    async (text) => {
      const ana = await tracker.user();
      const { token } = ana;
      const at = `/pocs/${await tracker.poc(ana)}`;
      for (const [field, method, path, body] of [
        ['title', 'POST', '/pocs', { title: text }],
        ['description', 'POST', '/pocs', { title: 'x', description: text }],
        ['title', 'PATCH', at, { title: text }],
        ['description', 'PUT', at, { title: 'x', description: text }],
        ['search', 'GET', `/pocs?search=${encodeURIComponent(text)}`, undefined],
      ] as const) {
        const answer = await tracker.call(method, path, { token, ...(body && { body }) });
        expect([path, answer.status, answer.error.details]).toEqual([
          path,
          400,
          [expect.objectContaining({ field })],
        ]);
      }
    },
  );

  it.each([
    ['Řízení dílny', 'rizeni'],
    ['Łódź', 'lodz'],
    ['Straßenbau', 'STRASSEN'],
    ['Strassenbau', 'straßen'],
    ['Ação', 'ac\u0327a\u0303o'],
    ['Øre', 'ore'],
    ['Đường', 'duong'],
  ])('is found: %s by %s', async (title, search) => {
    const ana = await tracker.user();
    const id = await tracker.poc(ana, { title });
    for (const text of [search, title.toUpperCase(), title.normalize('NFD')]) {
      const path = `/pocs?search=${encodeURIComponent(text)}`;
      const { data } = await tracker.call<{ items: Poc[] }>('GET', path, { token: ana.token });
      expect([text, data.items.map((poc) => poc.id)]).toEqual([text, [id]]);
    }
  });
});
