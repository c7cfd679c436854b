import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, PageQuery, UuidParamPipe } from '@poc-tracker/http-service';
import { CreateInvitationLinkDto } from './invitation-link.dto.js';
import {
  InvitationLinkPageResponse,
  InvitationLinkResponse,
  InvitationLinkUsePageResponse,
  SentInvitationLinkResponse,
} from './invitation-link.response.js';
import { InvitationLinkService } from './invitation-link.service.js';

@ApiTags('invitations')
@Controller('auth/invitation-links')
export class InvitationLinkController {
  constructor(private readonly links: InvitationLinkService) {}

  @Post()
  @Permissions('manage_invites')
  @ApiOperation({
    summary: 'Create an invitation link',
    description:
      'Several users may register with it. Returns the token and the link, which cannot be retrieved later.',
  })
  @DataResponse(201, SentInvitationLinkResponse)
  createInvitationLink(
    @CurrentUser() principal: Principal,
    @Body() input: CreateInvitationLinkDto,
  ): Promise<SentInvitationLinkResponse> {
    return this.links.create(principal, input);
  }

  @Get()
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'List invitation links' })
  @DataResponse(200, InvitationLinkPageResponse)
  listInvitationLinks(
    @CurrentUser() principal: Principal,
    @Query() query: PageQuery,
  ): Promise<InvitationLinkPageResponse> {
    return this.links.list(principal, query);
  }

  @Get(':linkId')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'Get an invitation link' })
  @DataResponse(200, InvitationLinkResponse)
  @ApiErrors('NOT_FOUND')
  getInvitationLink(@Param('linkId', UuidParamPipe) id: string): Promise<InvitationLinkResponse> {
    return this.links.get(id);
  }

  @Get(':linkId/uses')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'List the uses of an invitation link' })
  @DataResponse(200, InvitationLinkUsePageResponse)
  @ApiErrors('NOT_FOUND')
  listInvitationLinkUses(
    @CurrentUser() principal: Principal,
    @Param('linkId', UuidParamPipe) id: string,
    @Query() query: PageQuery,
  ): Promise<InvitationLinkUsePageResponse> {
    return this.links.listUses(principal, id, query);
  }

  @Delete(':linkId')
  @Permissions('manage_invites')
  @ApiOperation({
    summary: 'Revoke an invitation link',
    description: 'Users who registered with it stay.',
  })
  @DataResponse(200, InvitationLinkResponse)
  @ApiErrors('NOT_FOUND')
  revokeInvitationLink(
    @CurrentUser() principal: Principal,
    @Param('linkId', UuidParamPipe) id: string,
  ): Promise<InvitationLinkResponse> {
    return this.links.revoke(principal, id);
  }
}
