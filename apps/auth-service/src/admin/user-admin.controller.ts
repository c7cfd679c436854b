import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { UserResponse } from '../user/user.response.js';
import {
  CreatedUserResponse,
  CreateUserDto,
  ListUsersQuery,
  UpdateUserDto,
  UserPageResponse,
} from './user-admin.dto.js';
import { UserAccessService } from './user-access.service.js';
import { UserAdminService } from './user-admin.service.js';

@ApiTags('users')
@Controller('auth/users')
export class UserAdminController {
  constructor(
    private readonly people: UserAdminService,
    private readonly access: UserAccessService,
  ) {}

  @Get()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'List the people of the tenant, page by page, or search among them' })
  @DataResponse(200, UserPageResponse)
  list(@CurrentUser() actor: Principal, @Query() query: ListUsersQuery): Promise<UserPageResponse> {
    return this.people.list(actor, query);
  }

  @Post()
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Create a person, who sets a password of their own at the first log-in',
  })
  @DataResponse(201, CreatedUserResponse)
  @ApiErrors('USER_EXISTS', 'USER_LIMIT_EXCEEDED', 'SERVICE_BUSY')
  create(
    @CurrentUser() actor: Principal,
    @Body() input: CreateUserDto,
  ): Promise<CreatedUserResponse> {
    return this.people.create(actor, input);
  }

  @Get(':userId')
  @Permissions('manage_users')
  @ApiOperation({ summary: 'Read a person' })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND')
  read(@Param('userId', UuidParamPipe) userId: string): Promise<UserResponse> {
    return this.people.read(userId);
  }

  @Patch(':userId')
  @Permissions('manage_users')
  @ApiOperation({ summary: "Change a person's names, address, time zone or language" })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'USER_EXISTS')
  update(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Body() changes: UpdateUserDto,
  ): Promise<UserResponse> {
    return this.people.update(actor, userId, changes);
  }

  @Delete(':userId')
  @Permissions('manage_users')
  @ApiOperation({ summary: 'Delete a person and end their sessions; what they made stays' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN')
  delete(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<void> {
    return this.access.delete(actor, userId);
  }
}
