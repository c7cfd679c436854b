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
    summary: 'Make a link that several people may join by; the answer shows it this once',
  })
  @DataResponse(201, SentInvitationLinkResponse)
  create(
    @CurrentUser() actor: Principal,
    @Body() input: CreateInvitationLinkDto,
  ): Promise<SentInvitationLinkResponse> {
    return this.links.create(actor, input);
  }

  @Get()
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'List the link invitations of the tenant, newest first' })
  @DataResponse(200, InvitationLinkPageResponse)
  list(
    @CurrentUser() actor: Principal,
    @Query() query: PageQuery,
  ): Promise<InvitationLinkPageResponse> {
    return this.links.list(actor, query);
  }

  @Get(':linkId')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'Read a link invitation' })
  @DataResponse(200, InvitationLinkResponse)
  @ApiErrors('NOT_FOUND')
  read(@Param('linkId', UuidParamPipe) id: string): Promise<InvitationLinkResponse> {
    return this.links.find(id);
  }

  @Get(':linkId/uses')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'List who joined by a link invitation, latest first' })
  @DataResponse(200, InvitationLinkUsePageResponse)
  @ApiErrors('NOT_FOUND')
  listUses(
    @CurrentUser() actor: Principal,
    @Param('linkId', UuidParamPipe) id: string,
    @Query() query: PageQuery,
  ): Promise<InvitationLinkUsePageResponse> {
    return this.links.listUses(actor, id, query);
  }

  @Delete(':linkId')
  @Permissions('manage_invites')
  @ApiOperation({ summary: 'Revoke a link invitation; who joined by it stays' })
  @DataResponse(200, InvitationLinkResponse)
  @ApiErrors('NOT_FOUND')
  revoke(
    @CurrentUser() actor: Principal,
    @Param('linkId', UuidParamPipe) id: string,
  ): Promise<InvitationLinkResponse> {
    return this.links.revoke(actor, id);
  }
}
