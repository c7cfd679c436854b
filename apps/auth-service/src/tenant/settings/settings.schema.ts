import type { ApiPropertyOptions } from '@nestjs/swagger';
import type { SettingValue } from './setting-definition.js';
import { SETTINGS_GROUPS, type SettingsGroup, settingsOf } from './settings-catalogue.js';
import { DEFAULT_TENANT_SETTINGS, SETTING_SOURCES } from './settings-resolution.js';

type Schema = Record<string, unknown>;

/** The schema of all settings by group; `leaf` makes the schema of one. */
function tree(leaf: (schema: Schema, description: string) => Schema, example: object): Schema {
  const groups = SETTINGS_GROUPS.map((group) => [
    group,
    { type: 'object', properties: leaves(group, leaf) },
  ]);
  return { type: 'object', properties: Object.fromEntries(groups) as Schema, example };
}

function leaves(
  group: SettingsGroup,
  leaf: (schema: Schema, description: string) => Schema,
): Schema {
  return Object.fromEntries(
    settingsOf(group).map(([name, { schema, description }]) => [name, leaf(schema, description)]),
  );
}

/** The settings as values. */
export const SETTINGS_SCHEMA = tree(
  (schema, description) => ({ ...schema, description }),
  DEFAULT_TENANT_SETTINGS,
) as ApiPropertyOptions;

/** One group of the settings, each value with its source. */
export function resolvedGroupSchema(group: SettingsGroup): ApiPropertyOptions {
  const example = Object.entries<SettingValue>(DEFAULT_TENANT_SETTINGS[group]).map(
    ([name, value]) => [name, { value, source: 'default' }],
  );
  return {
    type: 'object',
    properties: leaves(group, (schema, description) => ({
      type: 'object',
      description,
      properties: { value: schema, source: { type: 'string', enum: [...SETTING_SOURCES] } },
    })),
    example: Object.fromEntries(example) as object,
  } as unknown as ApiPropertyOptions;
}

/** One group of a change. Null restores the inherited value. */
export function changedGroupSchema(group: SettingsGroup): ApiPropertyOptions {
  return {
    type: 'object',
    required: false,
    additionalProperties: false,
    minProperties: 1,
    properties: leaves(group, ({ type, enum: values, ...schema }, description) => ({
      ...schema,
      ...(Array.isArray(values) && { enum: [...(values as unknown[]), null] }),
      type: [type, 'null'],
      description,
    })),
    example: DEFAULT_TENANT_SETTINGS[group],
  } as unknown as ApiPropertyOptions;
}
