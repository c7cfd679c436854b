import { Controller, Delete, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Permissions } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { DeletedResponse } from '../settings/mail-settings.response.js';
import { SuppressionListResponse } from './suppression.response.js';
import { SuppressionService } from './suppression.service.js';

@ApiTags('mail')
@Controller('tenants/current/mail/suppressions')
export class SuppressionController {
  constructor(private readonly suppressions: SuppressionService) {}

  @Get()
  @Permissions('manage_settings')
  @ApiOperation({
    summary: 'List suppressed addresses',
    description: 'Mails to these addresses are not sent.',
  })
  @DataResponse(200, SuppressionListResponse)
  listSuppressions(): Promise<SuppressionListResponse> {
    return this.suppressions.list();
  }

  @Delete(':suppressionId')
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Delete a suppressed address' })
  @DataResponse(200, DeletedResponse)
  @ApiErrors('NOT_FOUND')
  deleteSuppression(
    @Param('suppressionId', UuidParamPipe) suppressionId: string,
  ): Promise<DeletedResponse> {
    return this.suppressions.delete(suppressionId);
  }
}
