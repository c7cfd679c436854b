import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles, WritesWhenReadOnly } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { CancelTenantDto } from './tenant-lifecycle.dto.js';
import { CanceledTenantResponse } from './tenant-lifecycle.response.js';
import { TenantLifecycleService } from './tenant-lifecycle.service.js';

@ApiTags('tenants')
@Controller('tenants/current')
export class TenantLifecycleController {
  constructor(private readonly lifecycle: TenantLifecycleService) {}

  @Post('cancel')
  @HttpCode(200)
  @Roles('admin')
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Cancel your tenant',
    description: 'Locks out all of its users at once.',
  })
  @DataResponse(200, CanceledTenantResponse)
  @ApiErrors('INVALID_TRANSITION')
  cancelCurrentTenant(@Body() input: CancelTenantDto): Promise<CanceledTenantResponse> {
    return this.lifecycle.cancelCurrent(input);
  }
}
