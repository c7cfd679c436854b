import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { DataResponse } from '@poc-tracker/http-service';
import { ChangeSettingsDto } from './settings.dto.js';
import {
  describeSettings,
  ResolvedSettingsResponse,
  SettingDescriptionResponse,
} from './settings.response.js';
import { SettingsService } from './settings.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class SettingsController {
  constructor(private readonly settings: SettingsService) {}

  @Get('current/settings')
  @Authenticated()
  @ApiOperation({ summary: 'Read the settings of the own tenant, each with where it comes from' })
  @DataResponse(200, ResolvedSettingsResponse)
  read(): Promise<ResolvedSettingsResponse> {
    return this.settings.resolved();
  }

  @Patch('current/settings')
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Change settings of the own tenant; null is as inherited' })
  @DataResponse(200, ResolvedSettingsResponse)
  change(
    @CurrentUser() principal: Principal,
    @Body() input: ChangeSettingsDto,
  ): Promise<ResolvedSettingsResponse> {
    return this.settings.change(principal, input);
  }

  @Get('settings/catalogue')
  @Authenticated()
  @ApiOperation({ summary: 'List every setting with its default and the values that it takes' })
  @DataResponse(200, SettingDescriptionResponse, { isArray: true })
  catalogue(): SettingDescriptionResponse[] {
    return describeSettings();
  }
}
