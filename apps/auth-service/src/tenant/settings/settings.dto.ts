import { ApiProperty } from '@nestjs/swagger';
import { Update } from '@poc-tracker/http-service';
import { Allow } from 'class-validator';
import { SETTINGS_GROUPS } from './settings-catalogue.js';
import { changedGroupSchema } from './settings.schema.js';

/**
 * Settings to change, by group. The catalogue validates the values. Each group is declared here, so that an unknown one is
 * refused like every unknown field.
 */
@Update()
export class ChangeSettingsDto {}

for (const group of SETTINGS_GROUPS) {
  Allow()(ChangeSettingsDto.prototype, group);
  ApiProperty(changedGroupSchema(group))(ChangeSettingsDto.prototype, group);
}
