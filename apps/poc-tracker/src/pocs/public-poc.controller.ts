import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
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
  ) {}

  @Get(':pocId')
  @Public()
  @ApiOperation({
    summary: 'Read a public POC of the tenant that the host names, without a token',
    description: 'Only while the tenant allows public POCs; a private one answers like none.',
  })
  @DataResponse(200, PublicPocResponse)
  @ApiErrors('NOT_FOUND', 'TENANT_REQUIRED', 'INVALID_TENANT')
  async read(
    @Req() request: FastifyRequest,
    @Param('pocId', UuidParamPipe) pocId: string,
  ): Promise<PublicPocResponse> {
    const tenant = await this.tenants.resolve(request);
    return this.pocs.readPublic(tenant.id, pocId);
  }
}
