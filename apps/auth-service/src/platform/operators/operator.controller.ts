import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse } from '@poc-tracker/http-service';
import { Tenantless } from '../../tenant/resolution/tenantless.decorator.js';
import { OperatorActivationService } from './operator-activation.service.js';
import { ActivateOperatorDto, OperatorResponse } from './operator.dto.js';

@ApiTags('platform')
@Controller('platform/operators')
export class OperatorController {
  constructor(private readonly activation: OperatorActivationService) {}

  @Post('activate')
  @Public()
  @Tenantless()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Activate an operator account',
    description:
      'The command line creates the one-time secret. An existing operator sets a new password with it.',
  })
  @DataResponse(200, OperatorResponse)
  @ApiErrors('INVALID_INVITE', 'SERVICE_BUSY')
  activateOperator(@Body() input: ActivateOperatorDto): Promise<OperatorResponse> {
    return this.activation.activate(input);
  }
}
