import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { OperatorActivationService } from './operator-activation.service.js';
import { ActivateOperatorDto, OperatorResponse } from './operator.dto.js';

@ApiTags('platform')
@Controller('platform/operators')
export class OperatorController {
  constructor(private readonly activation: OperatorActivationService) {}

  @Post('activate')
  @Public()
  @RateLimited('activation')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Activate an operator account',
    description:
      'The command line creates the one-time secret. An existing operator sets a new password with it. ' +
      'Returns 404 if the request does not name the platform tenant.',
  })
  @DataResponse(200, OperatorResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_INVITE', 'SERVICE_BUSY', 'TENANT_REQUIRED', 'INVALID_TENANT')
  activateOperator(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() input: ActivateOperatorDto,
  ): Promise<OperatorResponse> {
    return this.activation.activate(tenant, input);
  }
}
