import { ApiError, type FieldError } from '@poc-tracker/contracts';
import { EMPTY_UPDATE } from '@poc-tracker/http-service';
import type { SettingValue } from './setting-definition.js';
import { SETTINGS_GROUPS, type SettingsGroup, settingsOf } from './settings-catalogue.js';

/** The change of one group: `values` is merged into the row. */
export interface GroupChange {
  group: SettingsGroup;
  values: Record<string, SettingValue>;
  chosen: string[];
  /** The settings that get the inherited value again. */
  reset: string[];
}

/**
 * Reads a partial tree of settings. Null restores the inherited value.
 * @throws ApiError VALIDATION_ERROR with the path of each wrong field, such as `security.sessionTimeout`.
 */
export function readSettingsChange(input: object): GroupChange[] {
  const errors: FieldError[] = [];
  const changes = SETTINGS_GROUPS.flatMap((group) => {
    const given = (input as Partial<Record<string, unknown>>)[group];
    return given === undefined ? [] : [readGroup(group, given, errors)];
  });
  if (errors.length > 0) throw ApiError.validation(...errors);
  return changes;
}

/** The paths of the settings that a change touches. */
export function changedSettings(changes: readonly GroupChange[]): string[] {
  return changes.flatMap(({ group, chosen, reset }) =>
    [...chosen, ...reset].map((name) => `${group}.${name}`),
  );
}

function readGroup(group: SettingsGroup, given: unknown, errors: FieldError[]): GroupChange {
  const change: GroupChange = { group, values: {}, chosen: [], reset: [] };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    errors.push({ field: group, message: 'must be an object of settings' });
    return change;
  }
  if (Object.keys(given).length === 0) {
    errors.push({ field: group, message: EMPTY_UPDATE });
  }
  const definitions = new Map(settingsOf(group));
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const definition = definitions.get(name);
    const field = `${group}.${name.slice(0, 100)}`;
    const unavailable = definition?.unavailable?.[String(value)];
    if (definition === undefined) {
      errors.push({ field, message: 'is not a known field' });
    } else if (value === null) {
      change.values[name] = definition.default;
      change.reset.push(name);
    } else if (!definition.accepts(value)) {
      const wrong = definition.findWrongElement?.(value);
      errors.push(
        wrong === undefined
          ? { field, message: definition.rule }
          : { field: `${field}.${wrong.index}`, message: wrong.message },
      );
    } else if (unavailable !== undefined) {
      errors.push({ field, message: unavailable });
    } else {
      change.values[name] = value;
      change.chosen.push(name);
    }
  }
  return change;
}
