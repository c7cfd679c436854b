import { Body, Controller, Delete, Get, Param, Put } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import {
  CurrentUser,
  Permissions,
  type Principal,
  RequireFreshAuth,
  Roles,
} from '@poc-tracker/auth-kit';
import { RECENT_PROOF } from '@poc-tracker/contracts';
import { DataResponse } from '@poc-tracker/http-service';
import { DeletedResponse } from '../settings/mail-settings.response.js';
import { KINDS_OF_MAIL, MAIL_LOCALES } from '../templates/mail-kinds.js';
import {
  MailTemplateListResponse,
  MailTemplateResponse,
  ReplaceMailTemplateDto,
} from './mail-template.dto.js';
import { MailTemplateService } from './mail-template.service.js';

@ApiTags('mail')
@Controller('tenants/current/mail/templates')
export class MailTemplateController {
  constructor(private readonly templates: MailTemplateService) {}

  @Get()
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'List the texts of mails' })
  @DataResponse(200, MailTemplateListResponse)
  listMailTemplates(): Promise<MailTemplateListResponse> {
    return this.templates.list();
  }

  @Put(':kind/:locale')
  @Roles('admin')
  @RequireFreshAuth(RECENT_PROOF)
  @ApiOperation({ summary: 'Replace the text of a mail' })
  @ApiParam({ name: 'kind', enum: KINDS_OF_MAIL })
  @ApiParam({ name: 'locale', enum: MAIL_LOCALES })
  @DataResponse(200, MailTemplateResponse)
  replaceMailTemplate(
    @CurrentUser() principal: Principal,
    @Param('kind') kind: string,
    @Param('locale') locale: string,
    @Body() input: ReplaceMailTemplateDto,
  ): Promise<MailTemplateResponse> {
    return this.templates.replace(principal, { kind, locale }, input);
  }

  @Delete(':kind/:locale')
  @Roles('admin')
  @RequireFreshAuth(RECENT_PROOF)
  @ApiOperation({ summary: 'Delete your text of a mail' })
  @ApiParam({ name: 'kind', enum: KINDS_OF_MAIL })
  @ApiParam({ name: 'locale', enum: MAIL_LOCALES })
  @DataResponse(200, DeletedResponse)
  deleteMailTemplate(
    @CurrentUser() principal: Principal,
    @Param('kind') kind: string,
    @Param('locale') locale: string,
  ): Promise<DeletedResponse> {
    return this.templates.delete(principal, { kind, locale });
  }
}
