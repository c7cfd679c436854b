import type { Plan } from '@poc-tracker/contracts';
import type { SettingDefinition, SettingValue } from './setting-definition.js';
import {
  SETTINGS_GROUPS,
  type SettingsGroup,
  settingsOf,
  type TenantSettings,
} from './settings-catalogue.js';

/** Where a value comes from: the catalogue, the tenant's plan, or the tenant itself. */
export const SETTING_SOURCES = ['default', 'plan', 'tenant'] as const;

export type SettingSource = (typeof SETTING_SOURCES)[number];

export interface ResolvedSetting {
  value: SettingValue;
  source: SettingSource;
}

export type ResolvedSettings = Record<SettingsGroup, Record<string, ResolvedSetting>>;

/** A row of `tenant_settings`; `chosen` are the names that the tenant has set itself. */
export interface StoredGroup {
  key: string;
  value: unknown;
  chosen: readonly string[];
}

/** What the catalogue says of whoever has not chosen and has no plan. */
export const DEFAULT_TENANT_SETTINGS = byGroup((group) =>
  Object.fromEntries(settingsOf(group).map(([name, definition]) => [name, definition.default])),
) as TenantSettings;

const WRITTEN_GROUPS = ['theme', 'notifications', 'security', 'features'] as const;

/** The groups that are written with a new tenant, for whoever reads its rows without the catalogue. */
export const SETTINGS_OF_NEW_TENANT = Object.fromEntries(
  WRITTEN_GROUPS.map((group) => [group, DEFAULT_TENANT_SETTINGS[group]]),
);

/**
 * Every setting with its source. A value that somebody damaged by hand counts as not set: it must
 * not lock a whole tenant out.
 */
export function resolveSettings(rows: readonly StoredGroup[], plan: Plan): ResolvedSettings {
  const stored = new Map(rows.map((row) => [row.key, row]));
  return byGroup((group) =>
    Object.fromEntries(
      settingsOf(group).map(([name, definition]) => [
        name,
        resolveSetting(definition, name, stored.get(group), plan),
      ]),
    ),
  );
}

/** The values alone. */
export function valuesOf(resolved: ResolvedSettings): TenantSettings {
  return byGroup((group) =>
    Object.fromEntries(Object.entries(resolved[group]).map(([name, { value }]) => [name, value])),
  ) as TenantSettings;
}

/** What holds for a tenant of this plan that has not chosen. */
function inherited(definition: SettingDefinition, plan: Plan): ResolvedSetting {
  const ofPlan = definition.byPlan?.[plan];
  return ofPlan === undefined
    ? { value: definition.default, source: 'default' }
    : { value: ofPlan, source: 'plan' };
}

/** A row holds the defaults from its beginning: a value that equals one is the tenant's only if it was chosen. */
function resolveSetting(
  definition: SettingDefinition,
  name: string,
  row: StoredGroup | undefined,
  plan: Plan,
): ResolvedSetting {
  const value = valueIn(row?.value, name);
  const isChosen = value !== definition.default || row?.chosen.includes(name) === true;
  return definition.accepts(value) && isChosen
    ? { value, source: 'tenant' }
    : inherited(definition, plan);
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
