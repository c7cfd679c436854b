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
  @ApiOperation({
    summary: 'Create an invitation',
    description:
      'Returns the token and the link, which cannot be retrieved later. The invitation expires after 24 hours.',
  })
  @DataResponse(201, SentInvitationResponse)
  @ApiErrors('USER_EXISTS', 'INVITE_EXISTS')
  createInvitation(
    @CurrentUser() principal: Principal,
    @Body() input: CreateInvitationDto,
  ): Promise<SentInvitationResponse> {
    return this.invitations.create(principal, input);
  }

  @Post('bulk')
  @HttpCode(200)
  @Permissions('manage_invites')
  @ApiOperation({
    summary: 'Create up to 100 invitations',
    description:
      'Each row has its own result: an invitation, or the reason why it was not created. If a row is malformed, the whole ' +
      'request is refused and nothing is created.',
  })
  @DataResponse(200, InvitationResultsResponse)
  async createInvitations(
    @CurrentUser() principal: Principal,
    @Body() input: CreateInvitationsDto,
  ): Promise<InvitationResultsResponse> {
    return { results: await this.invitations.createAll(principal, input.invitations) };
  }

  @Post('inspect')
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Inspect an invitation by its token',
    description:
      'For the page behind the link; does not accept the invitation. A POST, so that the token is not part of a URL. ' +
      'To accept, call POST /auth/register.',
  })
  @DataResponse(200, InvitationPreviewResponse)
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT', 'INVALID_INVITE')
  inspectInvitation(
    @ResolvedTenant() tenant: TenantSnapshot,
    @Body() { token }: InspectInvitationDto,
  ): Promise<InvitationPreviewResponse> {
    return this.acceptance.inspect(tenant, token);
  }

  @Get()
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'List invitations' })
  @DataResponse(200, InvitationPageResponse)
  listInvitations(
    @CurrentUser() principal: Principal,
    @Query() query: ListInvitationsQuery,
  ): Promise<InvitationPageResponse> {
    return this.invitations.list(principal, query);
  }

  @Post(':invitationId/resend')
  @HttpCode(200)
  @Permissions('manage_invites')
  @ApiOperation({
    summary: 'Resend an invitation',
    description:
      'Returns a new token that expires after 24 hours. The previous token becomes invalid.',
  })
  @DataResponse(200, SentInvitationResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_INVITE', 'USER_EXISTS', 'INVITE_EXISTS')
  resendInvitation(
    @CurrentUser() principal: Principal,
    @Param('invitationId', UuidParamPipe) id: string,
  ): Promise<SentInvitationResponse> {
    return this.invitations.resend(principal, id);
  }

  @Get(':invitationId')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'Get an invitation' })
  @DataResponse(200, InvitationResponse)
  @ApiErrors('NOT_FOUND')
  getInvitation(@Param('invitationId', UuidParamPipe) id: string): Promise<InvitationResponse> {
    return this.invitations.get(id);
  }

  @Delete(':invitationId')
  @Permissions('manage_invites')
  @ApiOperation({
    summary: 'Revoke an invitation',
    description: 'Returns INVALID_INVITE if it was accepted. Revoking it twice is not an error.',
  })
  @DataResponse(200, InvitationResponse)
  @ApiErrors('NOT_FOUND', 'INVALID_INVITE')
  revokeInvitation(
    @CurrentUser() principal: Principal,
    @Param('invitationId', UuidParamPipe) id: string,
  ): Promise<InvitationResponse> {
    return this.invitations.revoke(principal, id);
  }
}
