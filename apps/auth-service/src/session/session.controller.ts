import { Controller, Delete, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AllowedBeforeEnrollment,
  Authenticated,
  CurrentUser,
  type Principal,
  WritesOwnAccount,
  WritesWhenReadOnly,
} from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, PageQuery, UuidParamPipe } from '@poc-tracker/http-service';
import { RevokedSessionsResponse, SessionPageResponse } from './session.response.js';
import { SessionRevocationService } from './session-revocation.service.js';
import { SessionService } from './session.service.js';

@ApiTags('sessions')
@Controller('auth/sessions')
export class SessionController {
  constructor(
    private readonly sessions: SessionService,
    private readonly revocations: SessionRevocationService,
  ) {}

  @Get()
  @Authenticated()
  @AllowedBeforeEnrollment()
  @ApiOperation({ summary: 'List your active sessions', description: 'Newest first.' })
  @DataResponse(200, SessionPageResponse)
  listSessions(
    @CurrentUser() principal: Principal,
    @Query() query: PageQuery,
  ): Promise<SessionPageResponse> {
    return this.sessions.list(principal, principal.userId, query);
  }

  @Delete(':id')
  @Authenticated()
  @AllowedBeforeEnrollment()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({ summary: 'Revoke one of your sessions' })
  @DataResponse(200, RevokedSessionsResponse)
  @ApiErrors('NOT_FOUND')
  revokeSession(
    @CurrentUser() { userId }: Principal,
    @Param('id', UuidParamPipe) id: string,
  ): Promise<RevokedSessionsResponse> {
    return this.revocations.revoke(userId, id);
  }

  @Delete()
  @Authenticated()
  @AllowedBeforeEnrollment()
  @WritesOwnAccount()
  @WritesWhenReadOnly()
  @ApiOperation({ summary: 'Revoke all other sessions' })
  @DataResponse(200, RevokedSessionsResponse)
  revokeOtherSessions(
    @CurrentUser() { userId, sessionId }: Principal,
  ): Promise<RevokedSessionsResponse> {
    return this.revocations.revokeOthers(userId, sessionId);
  }
}
