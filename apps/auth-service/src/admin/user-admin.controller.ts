import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { UserResponse } from '../auth/user.response.js';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { AssignRoleDto, ListUsersQuery, UserPageResponse } from './admin.dto.js';
import { AdminService } from './admin.service.js';

@ApiTags('users')
@Controller('auth/users')
export class UserAdminController {
  constructor(private readonly admin: AdminService) {}

  @Get()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'List the people of the tenant, page by page' })
  @DataResponse(200, UserPageResponse)
  list(@CurrentUser() actor: Principal, @Query() query: ListUsersQuery): Promise<UserPageResponse> {
    return this.admin.listUsers(actor, query);
  }

  @Post(':userId/role')
  @Permissions('manage_users')
  @HttpCode(200)
  @ApiOperation({ summary: "Set a person's role and personal permissions" })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN')
  assignRole(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Body() change: AssignRoleDto,
  ): Promise<UserResponse> {
    return this.admin.assignRole(actor, userId, change);
  }
}
