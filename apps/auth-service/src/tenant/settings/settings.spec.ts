import { ApiError, COUNTRIES, type FieldError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { changedSettings, readSettingsChange } from './settings-change.js';
import { SETTINGS_GROUPS, settingsOf } from './settings-catalogue.js';
import {
  DEFAULT_TENANT_SETTINGS,
  resolveSettings,
  type StoredGroup,
  valuesOf,
} from './settings-resolution.js';
import { describeSettings } from './settings.response.js';
import { changedGroupSchema } from './settings.schema.js';
import { SECURITY_DEFAULTS } from './security-defaults.fixture.js';

const stored = (key: string, value: unknown, ...chosen: string[]): StoredGroup => ({
  key,
  value,
  chosen,
});

const written = SETTINGS_GROUPS.map((group) => stored(group, DEFAULT_TENANT_SETTINGS[group]));

function fieldsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ApiError)
      return (error.details as FieldError[]).map(({ field, message }) => `${field} ${message}`);
  }
  throw new Error('nothing was refused');
}

describe('the settings of a tenant', () => {
  it.each([
    ['nothing is stored', []],
    ['the defaults were written with the tenant', written],
  ])('are the defaults where %s, and say so', (_what, rows) => {
    const resolved = resolveSettings(rows);
    expect(valuesOf(resolved)).toMatchObject({
      theme: { primaryColor: '#2563eb', darkMode: false },
      notifications: { email: true, browser: true },
      security: SECURITY_DEFAULTS,
      features: { allowPublicPocs: false, enableCollaboration: true },
    });
    const sources = Object.values(resolved).flatMap((group) =>
      Object.values(group).map(({ source }) => source),
    );
    expect(new Set(sources)).toEqual(new Set(['default']));
  });

  it('come from the tenant before the default, also where it chose the default', () => {
    const timeout = (rows: StoredGroup[]) => resolveSettings(rows).security['sessionTimeout'];
    expect(timeout(written)).toEqual({ value: 24, source: 'default' });
    const own = [stored('security', { sessionTimeout: 8 }, 'sessionTimeout')];
    expect(timeout(own)).toEqual({ value: 8, source: 'tenant' });
    const likeTheDefault = [stored('security', { sessionTimeout: 24 }, 'sessionTimeout')];
    expect(timeout(likeTheDefault)).toEqual({ value: 24, source: 'tenant' });
  });

  it('come from the tenant where a row differs from the default, regardless of who wrote it', () => {
    const rows = [
      stored('security', { sessionTimeout: 0.5 }),
      stored('theme', { darkMode: true, primaryColor: '#ABCDEF' }),
    ];
    const resolved = resolveSettings(rows);
    expect(resolved.security).toMatchObject({
      sessionTimeout: { value: 0.5, source: 'tenant' },
      requireMFA: { value: false, source: 'default' },
    });
    expect(valuesOf(resolved).theme).toEqual({ darkMode: true, primaryColor: '#ABCDEF' });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 169, '24', null, [12]])(
    'fall back to 24 hours where the session timeout is %s',
    (sessionTimeout) => {
      const rows = [stored('security', { sessionTimeout }, 'sessionTimeout')];
      expect(resolveSettings(rows).security['sessionTimeout']).toEqual({
        value: 24,
        source: 'default',
      });
    },
  );

  it.each([null, 'dark', 7, [], { primaryColor: 'red;} body{display:none' }, { darkMode: 'yes' }])(
    'fall back to the default theme where %j is stored',
    (value) => {
      expect(valuesOf(resolveSettings([stored('theme', value)])).theme).toEqual(
        DEFAULT_TENANT_SETTINGS.theme,
      );
    },
  );

  it('omit names that the catalogue does not have, including inherited ones', () => {
    const rows = [
      stored('features', { allowPublicPocs: true, backdoor: true }, 'constructor'),
      stored('unknown', {}),
    ];
    const { features, ...others } = valuesOf(resolveSettings(rows));
    expect(features).toEqual({ allowPublicPocs: true, enableCollaboration: true });
    expect(Object.keys(others)).not.toContain('unknown');
  });
});

describe('a change of settings', () => {
  it('names the settings that it sets and those that it resets', () => {
    const changes = readSettingsChange({
      security: { sessionTimeout: 8, requireMFA: null },
    });
    expect(changes).toEqual([
      {
        group: 'security',
        values: { sessionTimeout: 8, requireMFA: false },
        chosen: ['sessionTimeout'],
        reset: ['requireMFA'],
      },
    ]);
    expect(changedSettings(changes)).toEqual(['security.sessionTimeout', 'security.requireMFA']);
  });

  it('names every wrong field by its path', () => {
    const refused = fieldsOf(() =>
      readSettingsChange({
        theme: { primaryColor: 'javascript:alert(1)', darkMode: 'false' },
        security: { sessionTimeout: 0, __proto__x: 1, constructor: 1 },
        notifications: [],
        registration: {},
        features: 'all',
      }),
    );
    expect(refused).toEqual([
      'theme.primaryColor must be a color such as #2563eb',
      'theme.darkMode must be true or false',
      'notifications must be an object of settings',
      'security.sessionTimeout must be a number of hours from 0.5 to 168',
      'security.__proto__x is not a known field',
      'security.constructor is not a known field',
      'features must be an object of settings',
      'registration must contain at least one field',
    ]);
  });

  it('names the first wrong element of a list of countries', () => {
    const refused = (allowedCountries: unknown) =>
      fieldsOf(() => readSettingsChange({ security: { allowedCountries } }))[0];
    const code = 'must be an ISO 3166-1 alpha-2 code such as BR';
    expect(refused(['BR', 'br', 'ZZ'])).toBe(`security.allowedCountries.1 ${code}`);
    expect(refused([null])).toBe(`security.allowedCountries.0 ${code}`);
    expect(refused(['BR', 'AR', 'BR'])).toBe(
      'security.allowedCountries.2 must not be in the list twice',
    );
    expect(refused('BR')).toBe(
      'security.allowedCountries must be a list of at most 125 different ISO 3166-1 alpha-2 codes such as BR',
    );
  });

  it('names the first wrong element of a list of words', () => {
    const refused = (passwordWords: unknown) =>
      fieldsOf(() => readSettingsChange({ security: { passwordWords } }))[0];
    const text =
      'must be a line of text of at most 50 characters with at least 4 letters or digits';
    for (const word of ['abc', 'a-b-c', 'abcd\n', ' abcd', 'e\u0301tage', 'x'.repeat(51), null, 7])
      expect(refused(['Croissant', word])).toBe(`security.passwordWords.1 ${text}`);
    expect(refused(['Croissant', 'Croissant'])).toBe(
      'security.passwordWords.1 must not be in the list twice',
    );
    const many = Array.from({ length: 51 }, (_, index) => `word${index}`);
    expect(refused(many)).toBe(
      'security.passwordWords must be a list of at most 50 different words',
    );
    const [change] = readSettingsChange({ security: { passwordWords: many.slice(1) } });
    expect(change?.chosen).toEqual(['passwordWords']);
  });

  it('takes an empty list, and a list of half of all countries at most', () => {
    for (const deniedCountries of [[], COUNTRIES.slice(0, 125)]) {
      const [change] = readSettingsChange({ security: { deniedCountries } });
      expect(change?.values).toEqual({ deniedCountries });
    }
    expect(() =>
      readSettingsChange({ security: { deniedCountries: COUNTRIES.slice(0, 126) } }),
    ).toThrow(ApiError);
  });

  it.each([168.1, 0.49, 1e-9, '8', true, {}, [], 1e308, -0])(
    'takes no session timeout of %j',
    (value) => {
      expect(
        fieldsOf(() => readSettingsChange({ security: { sessionTimeout: value } })),
      ).toHaveLength(1);
    },
  );
});

describe('the catalogue', () => {
  it('accepts its own defaults', () => {
    for (const [name, definition] of SETTINGS_GROUPS.flatMap(settingsOf)) {
      expect([name, definition.accepts(definition.default)]).toEqual([name, true]);
    }
  });

  it('accepts null in a change of every setting with a list of values', () => {
    const schemas = SETTINGS_GROUPS.flatMap((group) =>
      Object.values((changedGroupSchema(group) as { properties: object }).properties),
    ) as { enum?: unknown[] }[];
    const listed = schemas.flatMap(({ enum: values }) => (values === undefined ? [] : [values]));
    expect(listed).toContainEqual(['observe', 'challenge', 'refuse', null]);
    for (const values of listed) expect(values).toContain(null);
  });

  it('documents every setting', () => {
    const described = describeSettings().items;
    expect(described.map(({ key }) => key)).toEqual(
      SETTINGS_GROUPS.flatMap((group) => settingsOf(group).map(([name]) => `${group}.${name}`)),
    );
    for (const { description, rule } of described) {
      expect(description).toMatch(/^[A-Z].+\.$/);
      expect(rule).toMatch(/^must be /);
    }
  });
});
