import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  CurrentUser,
  Permissions,
  type Principal,
  WritesWhenReadOnly,
  RequireFreshAuth,
} from '@poc-tracker/auth-kit';
import { RECENT_PROOF } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse, PageQuery, UuidParamPipe } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import { AcceptedResponse } from '../auth/one-time-tokens/account.response.js';
import { UserResponse } from '../user/user.response.js';
import { RevokedSessionsResponse, SessionPageResponse } from '../session/session.response.js';
import { AssignRoleDto, TemporaryPasswordResponse, UserDetailsResponse } from './user-admin.dto.js';
import { UserAccessService } from './user-access.service.js';

@ApiTags('users')
@Controller('auth/users/:userId')
export class UserAccessController {
  constructor(private readonly access: UserAccessService) {}

  @Post('suspend')
  @HttpCode(200)
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Suspend a user',
    description:
      'For a security hold. Revokes all sessions of the user and frees their seat until they are reactivated.',
  })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN')
  suspendUser(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserResponse> {
    return this.access.suspend(principal, userId);
  }

  @Post('deactivate')
  @HttpCode(200)
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Deactivate a user',
    description:
      'For a user who has left. Revokes all sessions of the user and frees their seat. What they created stays.',
  })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN')
  deactivateUser(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserResponse> {
    return this.access.deactivate(principal, userId);
  }

  @Post('reactivate')
  @HttpCode(200)
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Reactivate a suspended or inactive user',
    description:
      'The user takes a seat. You can lift a suspension only if your role is at least that of the user who placed it.',
  })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'USER_LIMIT_EXCEEDED')
  reactivateUser(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserResponse> {
    return this.access.reactivate(principal, userId);
  }

  @Post('unlock')
  @HttpCode(200)
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Unlock a user',
    description:
      'For a user whom failed log-ins have locked out. Also succeeds if the account is not locked.',
  })
  @DataResponse(200, UserDetailsResponse)
  @ApiErrors('NOT_FOUND')
  unlockUser(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserDetailsResponse> {
    return this.access.unlock(principal, userId);
  }

  @Post('role')
  @HttpCode(200)
  @Permissions('manage_users')
  @ApiOperation({
    summary: "Update a user's role, personal permissions and custom role",
    description: 'The role admin needs a proof of your identity of the last 15 minutes.',
  })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND', 'LAST_ADMIN', 'STEP_UP_REQUIRED')
  updateUserRole(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Body() change: AssignRoleDto,
  ): Promise<UserResponse> {
    return this.access.updateRole(principal, userId, change);
  }

  @Post('require-password-change')
  @HttpCode(200)
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Require a user to change the password',
    description:
      'Revokes all sessions of the user. The next log-in returns PASSWORD_CHANGE_REQUIRED until the user replaces the ' +
      'password. Resetting the password helps a user who has lost it.',
  })
  @DataResponse(200, UserResponse)
  @ApiErrors('NOT_FOUND')
  requirePasswordChange(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<UserResponse> {
    return this.access.requirePasswordChange(principal, userId);
  }

  @Post('reset-password')
  @HttpCode(200)
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @RequireFreshAuth(RECENT_PROOF)
  @ApiOperation({
    summary: "Reset a user's password",
    description:
      'For a lost password. Revokes all sessions of the user and returns a temporary password, which the user must replace ' +
      'at POST /auth/password/renew. You must have every permission of the user.',
  })
  @DataResponse(200, TemporaryPasswordResponse)
  @ApiErrors('NOT_FOUND', 'SERVICE_BUSY')
  resetUserPassword(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<TemporaryPasswordResponse> {
    return this.access.resetPassword(principal, userId);
  }

  @Post('send-password-reset')
  @HttpCode(202)
  @WritesWhenReadOnly()
  @RateLimited('secrets')
  @Permissions('manage_users')
  @ApiOperation({
    summary: 'Send a user a link to reset the password',
    description:
      'The link can be used once within 30 minutes. Until then the present password stays valid. You must have every permission ' +
      'of the user, who must be active.',
  })
  @DataResponse(202, AcceptedResponse)
  @ApiErrors('NOT_FOUND')
  sendUserPasswordReset(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<AcceptedResponse> {
    return this.access.sendPasswordReset(principal, userId);
  }

  @Get('sessions')
  @Permissions('manage_users')
  @ApiOperation({ summary: "List a user's active sessions", description: 'Newest first.' })
  @DataResponse(200, SessionPageResponse)
  @ApiErrors('NOT_FOUND')
  listUserSessions(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Query() query: PageQuery,
  ): Promise<SessionPageResponse> {
    return this.access.listSessions(principal, userId, query);
  }

  @Delete('sessions')
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({ summary: 'Revoke all sessions of a user' })
  @DataResponse(200, RevokedSessionsResponse)
  @ApiErrors('NOT_FOUND')
  revokeUserSessions(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<RevokedSessionsResponse> {
    return this.access.revokeSessions(principal, userId);
  }

  @Delete('sessions/:sessionId')
  @WritesWhenReadOnly()
  @Permissions('manage_users')
  @ApiOperation({ summary: "Revoke one of a user's sessions" })
  @DataResponse(200, RevokedSessionsResponse)
  @ApiErrors('NOT_FOUND')
  revokeUserSession(
    @CurrentUser() principal: Principal,
    @Param('userId', UuidParamPipe) userId: string,
    @Param('sessionId', UuidParamPipe) sessionId: string,
  ): Promise<RevokedSessionsResponse> {
    return this.access.revokeSession(principal, userId, sessionId);
  }
}
