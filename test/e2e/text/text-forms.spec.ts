import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOD_PASSWORD, ServiceFixture } from '../service.fixture.js';
import { type Member, workspaceOf } from '../users/users.fixture.js';

let service: ServiceFixture;
let host: string;
let admin: Member;

beforeAll(async () => {
  service = await ServiceFixture.start();
  const workspace = await workspaceOf(service);
  ({ host } = workspace);
  admin = await workspace.join('admin');
});

afterAll(async () => {
  await service?.stop();
});

const call = <T>(method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: object) =>
  service.call<T>(method, path, {
    token: admin.token,
    ...(body !== undefined && { body }),
  });

const signUp = (body: object) =>
  service.call<{ tenant: { name: string } }>('POST', '/tenants', {
    host: 'poctracker.com',
    body: { name: 'X', adminEmail: 'ana@x.example', adminPassword: GOOD_PASSWORD, ...body },
  });

const createRole = (name: string, more: object = {}) =>
  call<{ id: string; name: string; description: string }>('POST', '/auth/roles', {
    name,
    permissions: [],
    ...more,
  });

/** What no line of text may contain or be. */
const REFUSED = [
  'A\u200bB',
  'A\u202eB',
  'A\nB',
  'A\u2028B',
  '\u2800',
  '\u3164',
  '\u0301',
  'A\u200d',
  'A\ue000',
];

/** Each route that stores a line of text, and the field. */
const LINES: [string, (text: string) => ReturnType<typeof call>][] = [
  ['firstName', (text) => call('PUT', '/auth/me', { firstName: text })],
  ['lastName', (text) => call('PATCH', `/auth/users/${admin.userId}`, { lastName: text })],
  ['name', (text) => createRole(text)],
  ['description', (text) => createRole('Described', { description: text })],
  ['name', (text) => call('PATCH', '/tenants/current', { name: text })],
  ['name', (text) => signUp({ name: text, subdomain: 'named' })],
  ['adminFirstName', (text) => signUp({ adminFirstName: text, subdomain: 'named' })],
  [
    'firstName',
    (text) =>
      service.call('POST', '/auth/register', {
        host,
        body: { email: 'b@x.example', password: GOOD_PASSWORD, firstName: text, lastName: 'B' },
      }),
  ],
  ['q', (text) => service.call('GET', '/auth/users', { token: admin.token, query: { q: text } })],
];

describe('A line of text', () => {
  it.each(LINES)(
    'is refused as %s with the name of the field, by route %#',
    async (field, send) => {
      for (const text of REFUSED) {
        const { status, error } = await send(text);
        expect([text, status, error.details]).toEqual([
          text,
          400,
          [expect.objectContaining({ field })],
        ]);
      }
    },
  );

  it('is stored trimmed and in NFC, with the joiners of words and emoji', async () => {
    const names = { firstName: ' Jose\u0301 ', lastName: 'می\u200cخواهم 👩\u200d💻' };
    const { data } = await call<object>('PUT', '/auth/me', names);
    expect(data).toMatchObject({ firstName: 'Jos\u00e9', lastName: names.lastName });
  });

  it('may have as many code points as its limit, whatever they are', async () => {
    expect((await call('PUT', '/auth/me', { firstName: '😀'.repeat(50) })).status).toBe(200);
    expect((await call('PUT', '/auth/me', { firstName: '❤\ufe0f'.repeat(50) })).status).toBe(400);
    expect((await call('PUT', '/auth/me', { firstName: 'e\u0301'.repeat(50) })).status).toBe(200);
  });
});

describe('The name of a role', () => {
  it.each([
    ['Gest\u00e3o', 'Gesta\u0303o'],
    ['Finanças', 'FINANÇAS'],
    ['Cashier', 'Саshіеr'],
    ['Team Lead', 'Team\u00a0 Lead'],
    ['Stra\u00dfe', 'STRASSE'],
  ])('exists as %s, so that %s is refused', async (name, other) => {
    const { data } = await createRole(name);
    expect((await createRole(other)).error.code).toBe('ROLE_EXISTS');
    const renamed = await createRole(`Another ${name}`);
    expect(
      (await call('PATCH', `/auth/roles/${renamed.data.id}`, { name: other })).error.code,
    ).toBe('ROLE_EXISTS');
    expect((await call('PATCH', `/auth/roles/${data.id}`, { name: other })).status).toBe(200);
  });

  it.each([
    'admin',
    'Admin',
    'аdmin',
    'ａｄｍｉｎ',
    'ádmin',
    'adm1n',
    'Vіewer',
    'MΑNAGER',
    'us\u0435r',
    'us3r',
    'v i e w e r',
    'ᴀᴅᴍɪɴ',
    'Administrator',
    'Manager 2',
    'Ad Min',
  ])('is refused if it looks like a built-in role: %s', async (name) => {
    const message = 'is reserved, or looks like a reserved name';
    expect((await createRole(name)).error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: [{ field: 'name', message }],
    });
  });
});

describe('The name of a role in another script', () => {
  it.each(['Бухгалтер', 'מנהל', '会計'])('is accepted in %s', async (name) => {
    expect((await createRole(name)).data.name).toBe(name);
  });

  it.each(['ꭰdmіn', 'ⲟⲣⲉrator', '𐐬perator'])('is refused in %s', async (name) => {
    const refused = {
      code: 'VALIDATION_ERROR',
      details: [
        { field: 'name', message: 'must not contain letters of historic or rarely used scripts' },
      ],
    };
    expect((await createRole(name)).error).toMatchObject(refused);
    const { data } = await createRole(`Role ${name.length} ${name.codePointAt(0)}`);
    expect((await call('PATCH', `/auth/roles/${data.id}`, { name })).error).toMatchObject(refused);
  });
});

describe('A subdomain', () => {
  it.each([
    'xn--pltform-gwa',
    'ab--cd',
    'аdmin',
    'adm1n',
    'admln',
    'platf0rm',
    'p1atform',
    'vvww',
    'Admin',
    'admın',
  ])('is refused: %s', async (subdomain) => {
    const { status, error } = await signUp({ subdomain });
    expect([status, error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(error.details).toContainEqual(expect.objectContaining({ field: 'subdomain' }));
  });

  it.each(['a--b', 'abc--d', 'administra', 'apps'])('is accepted: %s', async (subdomain) => {
    expect((await signUp({ subdomain })).status).toBe(201);
  });
});

describe('The search for users', () => {
  it.each([
    ['Dvořák', 'dvorak'],
    ['Łódź', 'lodz'],
    ['Straße', 'strasse'],
    ['Strasse', 'straße'],
    ['Nguyễn', 'nguyen'],
    ['Ðorđe', 'dorde'],
    ['Øre', 'ore'],
    ['Åse', 'A\u030ase'],
    ['Işık', 'ISIK'],
    ['Ægir', 'aegir'],
    ['Þór', 'thor'],
    ['Œuvre', 'oeu'],
    ['Ħal', 'hal'],
    ['Ferran Paral·lel', 'ferran paral'],
  ])('finds %s by %s', async (name, q) => {
    const { join } = await workspaceOf(service);
    const { token, userId } = await join('admin');
    await service.call('PUT', '/auth/me', { token, body: { firstName: 'X', lastName: name } });
    for (const text of [q, name, name.normalize('NFD'), name.toUpperCase()]) {
      const { data } = await service.call<{ items: { id: string }[] }>('GET', '/auth/users', {
        token,
        query: { q: text },
      });
      expect([text, data.items.map(({ id }) => id)]).toEqual([text, [userId]]);
    }
  });
});

describe('A time zone', () => {
  it.each([
    ['america/nEw_york', 'America/New_York'],
    ['ASIA/KOLKATA', 'Asia/Kolkata'],
    ['utc', 'UTC'],
  ])('is stored by its current name: %s', async (timezone, stored) => {
    const { data } = await call<object>('PUT', '/auth/me', { timezone });
    expect(data).toMatchObject({ timezone: stored });
  });

  it.each(['Mars/Olympus', '+03:00', '', 'America/Sao Paulo'])(
    'is refused: %j',
    async (timezone) => {
      const { status, error } = await call('PUT', '/auth/me', { timezone });
      expect([status, error.details]).toEqual([
        400,
        [expect.objectContaining({ field: 'timezone' })],
      ]);
    },
  );
});
