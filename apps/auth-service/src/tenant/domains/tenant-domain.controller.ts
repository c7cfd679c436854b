import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { CreateDomainDto } from './tenant-domain.dto.js';
import { TenantDomainPageResponse, TenantDomainResponse } from './tenant-domain.response.js';
import { TenantDomainService } from './tenant-domain.service.js';

class RemovedDomainResponse {
  @ApiProperty({ enum: [true], example: true })
  removed: true;
}

@ApiTags('tenants')
@Controller('tenants/current/domains')
export class TenantDomainController {
  constructor(private readonly domains: TenantDomainService) {}

  @Get()
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'List the domains of your tenant' })
  @DataResponse(200, TenantDomainPageResponse)
  listDomains(): Promise<TenantDomainPageResponse> {
    return this.domains.list();
  }

  @Post()
  @Permissions('manage_settings')
  @ApiOperation({
    summary: 'Create a domain',
    description:
      'Returns the DNS record that proves the ownership. Publish it, then verify the domain.',
  })
  @DataResponse(201, TenantDomainResponse)
  createDomain(
    @CurrentUser() principal: Principal,
    @Body() { domain }: CreateDomainDto,
  ): Promise<TenantDomainResponse> {
    return this.domains.add(principal, domain);
  }

  @Post(':domainId/verify')
  @HttpCode(200)
  @Permissions('manage_settings')
  @ApiOperation({
    summary: 'Verify a domain',
    description: 'Looks up the DNS record. From then on the domain resolves to the tenant.',
  })
  @DataResponse(200, TenantDomainResponse)
  @ApiErrors('NOT_FOUND', 'DOMAIN_NOT_VERIFIED', 'DOMAIN_TAKEN')
  verifyDomain(
    @CurrentUser() principal: Principal,
    @Param('domainId', UuidParamPipe) domainId: string,
  ): Promise<TenantDomainResponse> {
    return this.domains.verify(principal, domainId);
  }

  @Delete(':domainId')
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Delete a domain' })
  @DataResponse(200, RemovedDomainResponse)
  @ApiErrors('NOT_FOUND')
  deleteDomain(@Param('domainId', UuidParamPipe) domainId: string): Promise<RemovedDomainResponse> {
    return this.domains.delete(domainId);
  }
}
