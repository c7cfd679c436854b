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
  @ApiOperation({ summary: 'List the collaborators of a POC' })
  @DataResponse(200, CollaboratorPageResponse)
  @ApiErrors('NOT_FOUND')
  listCollaborators(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Query() query: PageQuery,
  ): Promise<CollaboratorPageResponse> {
    return this.collaborators.list(principal, pocId, query);
  }

  @Put(':userId')
  @Authenticated()
  @ApiOperation({
    summary: 'Add a collaborator to a POC',
    description:
      'Returns 404 if the POC does not exist in this tenant, or the user does not exist in it or is not active.',
  })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  addCollaborator(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<void> {
    return this.collaborators.add(principal, pocId, userId);
  }

  @Delete(':userId')
  @Authenticated()
  @ApiOperation({ summary: 'Remove a collaborator from a POC' })
  @DataResponse(200)
  @ApiErrors('NOT_FOUND', 'INSUFFICIENT_PERMISSIONS', 'SUBSCRIPTION_ENDED')
  removeCollaborator(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Param('userId', UuidParamPipe) userId: string,
  ): Promise<void> {
    return this.collaborators.remove(principal, pocId, userId);
  }
}
