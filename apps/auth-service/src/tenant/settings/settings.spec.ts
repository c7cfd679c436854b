import { ApiError, type FieldError } from '@poc-tracker/contracts';
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
    const resolved = resolveSettings(rows, 'basic');
    expect(valuesOf(resolved)).toMatchObject({
      theme: { primaryColor: '#2563eb', darkMode: false },
      notifications: { email: true, browser: true },
      security: { sessionTimeout: 24, requireMFA: false },
      features: { allowPublicPocs: false, enableCollaboration: true },
    });
    const sources = Object.values(resolved).flatMap((group) =>
      Object.values(group).map(({ source }) => source),
    );
    expect(new Set(sources)).toEqual(new Set(['default']));
  });

  it('come from the plan before the default, and from the tenant before the plan', () => {
    const timeout = (rows: StoredGroup[], plan: 'basic' | 'enterprise') =>
      resolveSettings(rows, plan).security['sessionTimeout'];
    expect(timeout(written, 'enterprise')).toEqual({ value: 12, source: 'plan' });
    const own = [stored('security', { sessionTimeout: 8 }, 'sessionTimeout')];
    expect(timeout(own, 'enterprise')).toEqual({ value: 8, source: 'tenant' });
    const likeTheDefault = [stored('security', { sessionTimeout: 24 }, 'sessionTimeout')];
    expect(timeout(likeTheDefault, 'enterprise')).toEqual({ value: 24, source: 'tenant' });
  });

  it('come from the tenant where a row differs from the default, regardless of who wrote it', () => {
    const rows = [
      stored('security', { sessionTimeout: 0.5 }),
      stored('theme', { darkMode: true, primaryColor: '#ABCDEF' }),
    ];
    const resolved = resolveSettings(rows, 'basic');
    expect(resolved.security).toMatchObject({
      sessionTimeout: { value: 0.5, source: 'tenant' },
      requireMFA: { value: false, source: 'default' },
    });
    expect(valuesOf(resolved).theme).toEqual({ darkMode: true, primaryColor: '#ABCDEF' });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 8_761, '24', null, [12]])(
    'fall back to 24 hours where the session time-out is %s',
    (sessionTimeout) => {
      const rows = [stored('security', { sessionTimeout }, 'sessionTimeout')];
      expect(resolveSettings(rows, 'basic').security['sessionTimeout']).toEqual({
        value: 24,
        source: 'default',
      });
    },
  );

  it.each([null, 'dark', 7, [], { primaryColor: 'red;} body{display:none' }, { darkMode: 'yes' }])(
    'fall back to the default theme where %j is stored',
    (value) => {
      expect(valuesOf(resolveSettings([stored('theme', value)], 'basic')).theme).toEqual(
        DEFAULT_TENANT_SETTINGS.theme,
      );
    },
  );

  it('omit names that the catalogue does not have, including inherited ones', () => {
    const rows = [
      stored('features', { allowPublicPocs: true, backdoor: true }, 'constructor'),
      stored('unknown', {}),
    ];
    const { features, ...others } = valuesOf(resolveSettings(rows, 'basic'));
    expect(features).toEqual({ allowPublicPocs: true, enableCollaboration: true });
    expect(Object.keys(others)).not.toContain('unknown');
  });
});

describe('a change of settings', () => {
  it('names the settings that it sets and those that it resets', () => {
    const changes = readSettingsChange({
      security: { sessionTimeout: 8, requireMFA: null },
      theme: {},
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
        features: 'all',
      }),
    );
    expect(refused).toEqual([
      'theme.primaryColor must be a color such as #2563eb',
      'theme.darkMode must be true or false',
      'notifications must be an object of settings',
      'security.sessionTimeout must be a number of hours from 0.25 to 8760',
      'security.__proto__x is not a known field',
      'security.constructor is not a known field',
      'features must be an object of settings',
    ]);
  });

  it.each([8_760.1, 0.2, 1e-9, '8', true, {}, [], 1e308, -0])(
    'takes no session time-out of %j',
    (value) => {
      expect(
        fieldsOf(() => readSettingsChange({ security: { sessionTimeout: value } })),
      ).toHaveLength(1);
    },
  );
});

describe('the catalogue', () => {
  it('accepts its own defaults and those of the plans', () => {
    for (const [name, definition] of SETTINGS_GROUPS.flatMap(settingsOf)) {
      for (const value of [definition.default, ...Object.values(definition.byPlan ?? {})])
        expect([name, definition.accepts(value)]).toEqual([name, true]);
    }
  });

  it('accepts null in a change of every setting with a list of values', () => {
    const schemas = SETTINGS_GROUPS.flatMap((group) =>
      Object.values((changedGroupSchema(group) as { properties: object }).properties),
    ) as { enum?: unknown[] }[];
    const listed = schemas.flatMap(({ enum: values }) => (values === undefined ? [] : [values]));
    expect(listed).toContainEqual([false, null]);
    for (const values of listed) expect(values).toContain(null);
  });

  it('documents every setting', () => {
    const described = describeSettings();
    expect(described.map(({ key }) => key)).toEqual(
      SETTINGS_GROUPS.flatMap((group) => settingsOf(group).map(([name]) => `${group}.${name}`)),
    );
    for (const { description, rule } of described) {
      expect(description).toMatch(/^[A-Z].+\.$/);
      expect(rule).toMatch(/^must be /);
    }
  });
});
