import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { ChangeSettingsDto } from './settings.dto.js';
import {
  describeSettings,
  ResolvedSettingsResponse,
  SettingsCatalogueResponse,
} from './settings.response.js';
import { SettingsChangeService } from './settings-change.service.js';
import { SettingsService } from './settings.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class SettingsController {
  constructor(
    private readonly settings: SettingsService,
    private readonly changes: SettingsChangeService,
  ) {}

  @Get('current/settings')
  @Authenticated()
  @ApiOperation({
    summary: 'Get the settings of your tenant',
    description: 'Returns each value with its source.',
  })
  @DataResponse(200, ResolvedSettingsResponse)
  getSettings(): Promise<ResolvedSettingsResponse> {
    return this.settings.resolved();
  }

  @Patch('current/settings')
  @Permissions('manage_settings')
  @ApiOperation({
    summary: 'Update the settings of your tenant',
    description:
      'Omitted settings stay as they are. Null restores the inherited value. A country policy that would refuse the ' +
      'country of your own address is a VALIDATION_ERROR. The group `security` needs a proof of your identity of the last 15 minutes.',
  })
  @DataResponse(200, ResolvedSettingsResponse)
  @ApiErrors('STEP_UP_REQUIRED')
  updateSettings(
    @CurrentUser() principal: Principal,
    @Body() input: ChangeSettingsDto,
  ): Promise<ResolvedSettingsResponse> {
    return this.changes.change(principal, input);
  }

  @Get('settings/catalogue')
  @Authenticated()
  @ApiOperation({
    summary: 'Get the catalogue of settings',
    description: 'Returns the default and the accepted values of each setting.',
  })
  @DataResponse(200, SettingsCatalogueResponse)
  getSettingsCatalogue(): SettingsCatalogueResponse {
    return describeSettings();
  }
}
