import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, OperatorsOnly, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { UnlockedTenantUserResponse, UnlockTenantUserDto } from './platform-user.dto.js';
import { PlatformUserService } from './platform-user.service.js';

@ApiTags('platform')
@Controller('platform/tenants/:tenantId')
export class PlatformUserController {
  constructor(private readonly users: PlatformUserService) {}

  @Post('unlock-user')
  @OperatorsOnly()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Unlock a user of a tenant',
    description: 'Use it when no tenant admin can unlock the user.',
  })
  @DataResponse(200, UnlockedTenantUserResponse)
  @ApiErrors('NOT_FOUND')
  unlockTenantUser(
    @CurrentUser() { userId }: Principal,
    @Param('tenantId', UuidParamPipe) tenantId: string,
    @Body() { email }: UnlockTenantUserDto,
  ): Promise<UnlockedTenantUserResponse> {
    return this.users.unlock(tenantId, email, { operatorId: userId });
  }
}
