import { Body, Controller, Delete, Get, Param, Patch, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AllowedBeforeEnrollment,
  Authenticated,
  CurrentUser,
  type Principal,
  RequireFreshAuth,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import { RECENT_PROOF } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { RenameFactorDto } from './factor.dto.js';
import {
  FactorPageResponse,
  FactorResponse,
  RecoveryCodesResponse,
  RemovedFactorResponse,
} from './factor.response.js';
import { FactorService } from './factor.service.js';
import { RecoveryCodeService } from './recovery/recovery-code.service.js';

@ApiTags('factors')
@Controller('auth/factors')
export class FactorController {
  constructor(
    private readonly factors: FactorService,
    private readonly recoveryCodes: RecoveryCodeService,
  ) {}

  @Get()
  @Authenticated()
  @AllowedBeforeEnrollment()
  @ApiOperation({
    summary: 'List your second factors',
    description: 'Oldest first, with the number of recovery codes that are left.',
  })
  @DataResponse(200, FactorPageResponse)
  listFactors(@CurrentUser() { userId }: Principal): Promise<FactorPageResponse> {
    return this.factors.list(userId);
  }

  @Post('recovery-codes')
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Replace your recovery codes',
    description:
      'The former codes are no longer valid. NOT_FOUND if you have no factor that a code could replace.',
  })
  @DataResponse(201, RecoveryCodesResponse)
  @ApiErrors('NOT_FOUND')
  replaceRecoveryCodes(@CurrentUser() principal: Principal): Promise<RecoveryCodesResponse> {
    return this.recoveryCodes.replace(principal);
  }

  @Patch(':id')
  @Authenticated()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({ summary: 'Update the name of a factor' })
  @DataResponse(200, FactorResponse)
  @ApiErrors('NOT_FOUND')
  updateFactor(
    @CurrentUser() principal: Principal,
    @Param('id', UuidParamPipe) id: string,
    @Body() { name }: RenameFactorDto,
  ): Promise<FactorResponse> {
    return this.factors.rename(principal, id, name);
  }

  @Delete(':id')
  @Authenticated()
  @RequireFreshAuth(RECENT_PROOF)
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({
    summary: 'Remove a factor',
    description: 'With the last factor, the recovery codes are removed as well.',
  })
  @DataResponse(200, RemovedFactorResponse)
  @ApiErrors('NOT_FOUND', 'LAST_FACTOR')
  removeFactor(
    @CurrentUser() principal: Principal,
    @Param('id', UuidParamPipe) id: string,
  ): Promise<RemovedFactorResponse> {
    return this.factors.remove(principal, id);
  }
}
