import { Body, Controller, Delete, Get, Param, Post, Put } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentUser,
  Permissions,
  type Principal,
  RequireFreshAuth,
  Roles,
} from '@poc-tracker/auth-kit';
import { RECENT_PROOF } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { ReplaceMailSettingsDto } from './mail-settings.dto.js';
import {
  DeletedResponse,
  MailSettingsResponse,
  TestMailResponse,
} from './mail-settings.response.js';
import { MailSettingsService } from './mail-settings.service.js';

@ApiTags('mail')
@Controller('tenants/current/mail')
export class MailSettingsController {
  constructor(private readonly settings: MailSettingsService) {}

  @Get()
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Get the mail settings of your tenant' })
  @DataResponse(200, MailSettingsResponse)
  getMailSettings(): Promise<MailSettingsResponse> {
    return this.settings.get();
  }

  @Put()
  @Roles('admin')
  @RequireFreshAuth(RECENT_PROOF)
  @ApiOperation({
    summary: 'Replace the mail settings of your tenant',
    description:
      'Without smtp, the server of the service sends the mails, and the sender must be of a verified domain of the tenant.',
  })
  @DataResponse(200, MailSettingsResponse)
  replaceMailSettings(
    @CurrentUser() principal: Principal,
    @Body() input: ReplaceMailSettingsDto,
  ): Promise<MailSettingsResponse> {
    return this.settings.replace(principal, input);
  }

  @Delete()
  @Roles('admin')
  @RequireFreshAuth(RECENT_PROOF)
  @ApiOperation({ summary: 'Delete the mail settings of your tenant' })
  @DataResponse(200, DeletedResponse)
  deleteMailSettings(@CurrentUser() principal: Principal): Promise<DeletedResponse> {
    return this.settings.delete(principal);
  }

  @Post('test')
  @Permissions('manage_settings')
  @ApiOperation({
    summary: 'Create a test mail',
    description: 'Sends a mail to your own address with the current settings. Five an hour.',
  })
  @DataResponse(201, TestMailResponse)
  createTestMail(@CurrentUser() principal: Principal): Promise<TestMailResponse> {
    return this.settings.createTestMail(principal);
  }

  @Get('test/:mailId')
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Get a test mail', description: 'Returns whether it was sent.' })
  @DataResponse(200, TestMailResponse)
  @ApiErrors('NOT_FOUND')
  getTestMail(@Param('mailId', UuidParamPipe) mailId: string): Promise<TestMailResponse> {
    return this.settings.getTestMail(mailId);
  }
}
