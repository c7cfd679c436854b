import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentUser,
  Permissions,
  type Principal,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { UserResponse } from '../user/user.response.js';
import { RevokedSessionsResponse, SessionResponse } from '../session/session.response.js';
import { AssignRoleDto } from './user-admin.dto.js';
import { UserAccessService } from './user-access.service.js';

@ApiTags('users')
@Controller('auth/users/:userId')
export class UserAccessController {
  constructor(private readonly access: UserAccessService) {}

  @Post('suspend')
  @HttpCode(200)
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'Keep a person out and end their sessions' })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN')
  suspend(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserResponse> {
    return this.access.suspend(actor, userId);
  }

  @Post('reactivate')
  @HttpCode(200)
  @Permissions('manage_users')
  @ApiOperation({ summary: 'Let a person in again' })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND')
  reactivate(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserResponse> {
    return this.access.reactivate(actor, userId);
  }

  @Post('role')
  @HttpCode(200)
  @Permissions('manage_users')
  @ApiOperation({ summary: "Set a person's role, personal permissions and role of the tenant" })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN')
  assignRole(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Body() change: AssignRoleDto,
  ): Promise<UserResponse> {
    return this.access.assignRole(actor, userId, change);
  }

  @Post('require-password-change')
  @HttpCode(200)
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'End the sessions of a person, who must then set a new password' })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND')
  requirePasswordChange(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserResponse> {
    return this.access.requirePasswordChange(actor, userId);
  }

  @Get('sessions')
  @Permissions('manage_users')
  @ApiOperation({ summary: 'List the open sessions of a person' })
  @DataResponse(200, SessionResponse, { isArray: true })
  @ApiErrors('NOT_FOUND')
  listSessions(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<SessionResponse[]> {
    return this.access.listSessions(actor, userId);
  }

  @Delete('sessions')
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'End all sessions of a person' })
  @DataResponse(200, RevokedSessionsResponse)
  @ApiErrors('NOT_FOUND')
  endSessions(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<RevokedSessionsResponse> {
    return this.access.endSessions(actor, userId);
  }

  @Delete('sessions/:sessionId')
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'End one session of a person' })
  @DataResponse(200, RevokedSessionsResponse)
  @ApiErrors('NOT_FOUND')
  endSession(
    @CurrentUser() actor: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Param('sessionId', UuidParamPipe) sessionId: string,
  ): Promise<RevokedSessionsResponse> {
    return this.access.endSession(actor, userId, sessionId);
  }
}
