import { ApiProperty } from '@nestjs/swagger';
import { SETTINGS_GROUPS, settingsOf } from './settings-catalogue.js';
import { resolvedGroupSchema } from './settings.schema.js';

/** The settings of a tenant by group and name, each as `{value, source}`. */
export class ResolvedSettingsResponse {}

for (const group of SETTINGS_GROUPS) {
  ApiProperty(resolvedGroupSchema(group))(ResolvedSettingsResponse.prototype, group);
}

/** What the catalogue says of one setting. */
export class SettingDescriptionResponse {
  @ApiProperty({ example: 'security.sessionTimeout' })
  key: string;

  @ApiProperty({
    example: 'Life of a session in hours, counted from the log-in.',
  })
  description: string;

  @ApiProperty({ description: 'Which values it takes.', example: 'must be a number of hours' })
  rule: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The same as JSON Schema.',
    example: { type: 'number', exclusiveMinimum: 0, maximum: 8_760 },
  })
  schema: object;

  @ApiProperty({ type: Object, description: 'For whoever has not chosen.', example: 24 })
  default: unknown;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'What holds instead on some plans.',
    example: { enterprise: 12 },
  })
  byPlan: object;
}

/** The whole catalogue, in its order. */
export function describeSettings(): SettingDescriptionResponse[] {
  return SETTINGS_GROUPS.flatMap((group) =>
    settingsOf(group).map(([name, definition]) => ({
      key: `${group}.${name}`,
      description: definition.description,
      rule: definition.rule,
      schema: definition.schema,
      default: definition.default,
      byPlan: definition.byPlan ?? {},
    })),
  );
}
