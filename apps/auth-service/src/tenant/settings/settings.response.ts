import { ApiProperty } from '@nestjs/swagger';
import { NextCursor, toSinglePage } from '@poc-tracker/http-service';
import type { SettingValue } from './setting-definition.js';
import { SETTINGS_GROUPS, settingsOf } from './settings-catalogue.js';
import { resolvedGroupSchema } from './settings.schema.js';

/** The settings of a tenant by group and name, each as `{value, source}`. */
export class ResolvedSettingsResponse {}

for (const group of SETTINGS_GROUPS) {
  ApiProperty(resolvedGroupSchema(group))(ResolvedSettingsResponse.prototype, group);
}

const SETTING_VALUE = {
  oneOf: [
    { type: 'boolean' },
    { type: 'number' },
    { type: 'string' },
    { type: 'array', items: { type: 'string' } },
  ],
};

/** The definition of one setting. */
export class SettingDescriptionResponse {
  @ApiProperty({ example: 'security.sessionTimeout' })
  key: string;

  @ApiProperty({
    example: 'Hours without use after which a session ends.',
  })
  description: string;

  @ApiProperty({ description: 'The values that it accepts.', example: 'must be a number of hours' })
  rule: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The accepted values as JSON Schema.',
    example: { type: 'number', minimum: 0.5, maximum: 168 },
  })
  schema: object;

  @ApiProperty({
    ...SETTING_VALUE,
    description: 'The value if the tenant sets none.',
    example: 24,
  })
  default: SettingValue;
}

/** The definitions of all settings, in the order of the catalogue. */
export class SettingsCatalogueResponse {
  @ApiProperty({ type: SettingDescriptionResponse, isArray: true })
  items: SettingDescriptionResponse[];

  @NextCursor()
  nextCursor: string | null;
}

export function describeSettings(): SettingsCatalogueResponse {
  const items = SETTINGS_GROUPS.flatMap((group) =>
    settingsOf(group).map(([name, definition]) => ({
      key: `${group}.${name}`,
      description: definition.description,
      rule: definition.rule,
      schema: definition.schema,
      default: definition.default,
    })),
  );
  return toSinglePage(items);
}
