import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal, Public } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { InvitationAcceptance } from './invitation-acceptance.service.js';
import {
  CreateInvitationDto,
  CreateInvitationsDto,
  InspectInvitationDto,
  ListInvitationsQuery,
} from './invitation.dto.js';
import {
  InvitationPageResponse,
  InvitationPreviewResponse,
  InvitationResponse,
  InvitationResultsResponse,
  SentInvitationResponse,
} from './invitation.response.js';
import { InvitationService } from './invitation.service.js';

@ApiTags('invitations')
@Controller('auth/invitations')
export class InvitationController {
  constructor(
    private readonly invitations: InvitationService,
    private readonly acceptance: InvitationAcceptance,
  ) {}

  @Post()
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'Invite a person; the answer shows the link this once' })
  @DataResponse(201, SentInvitationResponse)
  @ApiErrors('USER_EXISTS', 'INVITE_EXISTS')
  create(
    @CurrentUser() actor: Principal,
    @Body() input: CreateInvitationDto,
  ): Promise<SentInvitationResponse> {
    return this.invitations.invite(actor, input);
  }

  @Post('bulk')
  @HttpCode(200)
  @Permissions('manage_invites')
  @ApiOperation({
    summary: 'Invite up to 100 people, each with a result of its own',
    description:
      'Rows stand alone: whoever can be invited is, and each of the others is answered with its reason. A malformed ' +
      'row refuses the whole request, and nothing is written.',
  })
  @DataResponse(200, InvitationResultsResponse)
  async createAll(
    @CurrentUser() actor: Principal,
    @Body() input: CreateInvitationsDto,
  ): Promise<InvitationResultsResponse> {
    return { results: await this.invitations.inviteAll(actor, input.invitations) };
  }

  @Post('inspect')
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Read what a token invites to; accepts nothing',
    description:
      'For the page behind the link. A POST, so that the token stands in no address; POST /auth/register accepts.',
  })
  @DataResponse(200, InvitationPreviewResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'INVALID_INVITE')
  inspect(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { token }: InspectInvitationDto,
  ): Promise<InvitationPreviewResponse> {
    return this.acceptance.inspect(tenant, token);
  }

  @Get()
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'List the invitations of the tenant, newest first' })
  @DataResponse(200, InvitationPageResponse)
  list(
    @CurrentUser() actor: Principal,
    @Query() query: ListInvitationsQuery,
  ): Promise<InvitationPageResponse> {
    return this.invitations.list(actor, query);
  }

  @Post(':invitationId/resend')
  @HttpCode(200)
  @Permissions('manage_invites')
  @ApiOperation({
    summary: 'Send an invitation again: a new token for 24 hours; the one before is dead',
  })
  @DataResponse(200, SentInvitationResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_INVITE', 'USER_EXISTS', 'INVITE_EXISTS')
  resend(
    @CurrentUser() actor: Principal,
    @Param('invitationId', UuidParamPipe) id: string,
  ): Promise<SentInvitationResponse> {
    return this.invitations.resend(actor, id);
  }

  @Get(':invitationId')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'Read an invitation' })
  @DataResponse(200, InvitationResponse)
  @ApiErrors('NOT_FOUND')
  read(@Param('invitationId', UuidParamPipe) id: string): Promise<InvitationResponse> {
    return this.invitations.find(id);
  }

  @Delete(':invitationId')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'Revoke an invitation that was not accepted yet' })
  @DataResponse(200, InvitationResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_INVITE')
  revoke(@Param('invitationId', UuidParamPipe) id: string): Promise<InvitationResponse> {
    return this.invitations.revoke(id);
  }
}
