import { isDeepStrictEqual } from 'node:util';
import type { SettingDefinition, SettingValue } from './setting-definition.js';
import {
  SETTINGS_GROUPS,
  type SettingsGroup,
  settingsOf,
  type TenantSettings,
} from './settings-catalogue.js';

/** The source of a value: the catalogue or the tenant. */
export const SETTING_SOURCES = ['default', 'tenant'] as const;

export type SettingSource = (typeof SETTING_SOURCES)[number];

export interface ResolvedSetting {
  value: SettingValue;
  source: SettingSource;
}

export type ResolvedSettings = Record<SettingsGroup, Record<string, ResolvedSetting>>;

/** A row of `tenant_settings`; `chosen` lists the settings that the tenant has set. */
export interface StoredGroup {
  key: string;
  value: unknown;
  chosen: readonly string[];
}

/** The defaults of the catalogue. */
export const DEFAULT_TENANT_SETTINGS = byGroup((group) =>
  Object.fromEntries(settingsOf(group).map(([name, definition]) => [name, definition.default])),
) as TenantSettings;

const WRITTEN_GROUPS = ['theme', 'notifications', 'security', 'features'] as const;

/** The groups that are written with a new tenant, for readers of the table that do not know the catalogue. */
export const SETTINGS_OF_NEW_TENANT = Object.fromEntries(
  WRITTEN_GROUPS.map((group) => [group, DEFAULT_TENANT_SETTINGS[group]]),
);

/** Every setting with its source. An invalid stored value counts as not set, so that it cannot lock a whole tenant out. */
export function resolveSettings(rows: readonly StoredGroup[]): ResolvedSettings {
  const stored = new Map(rows.map((row) => [row.key, row]));
  return byGroup((group) =>
    Object.fromEntries(
      settingsOf(group).map(([name, definition]) => [
        name,
        resolveSetting(definition, name, stored.get(group)),
      ]),
    ),
  );
}

export function valuesOf(resolved: ResolvedSettings): TenantSettings {
  return byGroup((group) =>
    Object.fromEntries(Object.entries(resolved[group]).map(([name, { value }]) => [name, value])),
  ) as TenantSettings;
}

/** A new row contains the defaults: a value that equals the default is the tenant's only if it was chosen. */
function resolveSetting(
  definition: SettingDefinition,
  name: string,
  row: StoredGroup | undefined,
): ResolvedSetting {
  const value = valueIn(row?.value, name);
  const isChosen =
    !isDeepStrictEqual(value, definition.default) || row?.chosen.includes(name) === true;
  return definition.accepts(value) && isChosen
    ? { value, source: 'tenant' }
    : { value: definition.default, source: 'default' };
}

function valueIn(stored: unknown, name: string): unknown {
  return typeof stored === 'object' && stored !== null && Object.hasOwn(stored, name)
    ? (stored as Record<string, unknown>)[name]
    : undefined;
}

function byGroup<T>(make: (group: SettingsGroup) => T): Record<SettingsGroup, T> {
  return Object.fromEntries(SETTINGS_GROUPS.map((group) => [group, make(group)])) as Record<
    SettingsGroup,
    T
  >;
}
