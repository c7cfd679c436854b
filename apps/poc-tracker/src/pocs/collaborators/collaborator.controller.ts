import { Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, PageQuery, UuidParamPipe } from '@poc-tracker/http-service';
import { CollaboratorPageResponse } from './collaborator.response.js';
import { CollaboratorService } from './collaborator.service.js';

@ApiTags('collaborators')
@Controller('pocs/:pocId/collaborators')
export class CollaboratorController {
  constructor(private readonly collaborators: CollaboratorService) {}

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'List who works on a POC beside its author, page by page' })
  @DataResponse(200, CollaboratorPageResponse)
  @ApiErrors('NOT_FOUND')
  list(
    @CurrentUser() person: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Query() query: PageQuery,
  ): Promise<CollaboratorPageResponse> {
    return this.collaborators.list(person, pocId, query);
  }

  @Put(':userId')
  @Authenticated()
  @ApiOperation({ summary: 'Let a person of the tenant work on a POC' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  add(
    @CurrentUser() person: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<void> {
    return this.collaborators.add(person, pocId, userId);
  }

  @Delete(':userId')
  @Authenticated()
  @ApiOperation({ summary: 'Let a person no longer work on a POC' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  remove(
    @CurrentUser() person: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<void> {
    return this.collaborators.remove(person, pocId, userId);
  }
}
