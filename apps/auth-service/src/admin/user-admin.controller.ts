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
  UserDetailsResponse,
  UserPageResponse,
} from './user-admin.dto.js';
import { UserAccessService } from './user-access.service.js';
import { UserAdminService } from './user-admin.service.js';

@ApiTags('users')
@Controller('auth/users')
export class UserAdminController {
  constructor(
    private readonly users: UserAdminService,
    private readonly access: UserAccessService,
  ) {}

  @Get()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'List users' })
  @DataResponse(200, UserPageResponse)
  listUsers(
    @CurrentUser() principal: Principal,
    @Query() query: ListUsersQuery,
  ): Promise<UserPageResponse> {
    return this.users.list(principal, query);
  }

  @Post()
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Create a user',
    description:
      'The user takes a seat at once and must choose a password at the first log-in. The password that you set, or the ' +
      'generated one, expires at `expiresAt`.',
  })
  @DataResponse(201, CreatedUserResponse)
  @ApiErrors('USER_EXISTS', 'USER_LIMIT_EXCEEDED', 'SERVICE_BUSY')
  createUser(
    @CurrentUser() principal: Principal,
    @Body() input: CreateUserDto,
  ): Promise<CreatedUserResponse> {
    return this.users.create(principal, input);
  }

  @Get(':userId')
  @Permissions('manage_users')
  @ApiOperation({ summary: 'Get a user' })
  @DataResponse(200, UserDetailsResponse)
  @ApiErrors('NOT_FOUND')
  getUser(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserDetailsResponse> {
    return this.users.get(principal, userId);
  }

  @Patch(':userId')
  @Permissions('manage_users')
  @ApiOperation({ summary: 'Update a user' })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'USER_EXISTS')
  updateUser(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Body() changes: UpdateUserDto,
  ): Promise<UserResponse> {
    return this.users.update(principal, userId, changes);
  }

  @Delete(':userId')
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Delete a user',
    description: 'Revokes all sessions of the user. What the user created stays.',
  })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN')
  deleteUser(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<void> {
    return this.access.delete(principal, userId);
  }
}
