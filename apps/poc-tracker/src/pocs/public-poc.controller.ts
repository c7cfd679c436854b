import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PrincipalFinder, Public } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { TenantResolver } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';
import { PublicPocResponse } from './poc.response.js';
import { PocService } from './poc.service.js';

@ApiTags('public pocs')
@Controller('public/pocs')
export class PublicPocController {
  constructor(
    private readonly pocs: PocService,
    private readonly tenants: TenantResolver,
    private readonly principals: PrincipalFinder,
  ) {}

  @Get(':pocId')
  @Public()
  @ApiOperation({
    summary: 'Get a public POC',
    description:
      'Needs no token. A valid token names the tenant, otherwise the host does. Returns 404 for a private POC, or if the ' +
      'tenant does not allow public POCs.',
  })
  @DataResponse(200, PublicPocResponse)
  @ApiErrors('NOT_FOUND', 'TENANT_REQUIRED', 'INVALID_TENANT')
  async getPublicPoc(
    @Req() request: FastifyRequest,
    @Param('pocId', UuidParamPipe) pocId: string,
  ): Promise<PublicPocResponse> {
    const principal = await this.principals.find(request);
    const tenant = await this.tenants.resolve(request, principal?.tenant);
    return this.pocs.getPublic(tenant.id, pocId);
  }
}
