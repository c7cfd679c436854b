import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, type Principal } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { RequestDomainDto } from './tenant-domain.dto.js';
import { TenantDomainResponse } from './tenant-domain.response.js';
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
  @ApiOperation({ summary: 'List the domains of the own tenant' })
  @DataResponse(200, TenantDomainResponse, { isArray: true })
  list(): Promise<TenantDomainResponse[]> {
    return this.domains.list();
  }

  @Post()
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Ask for a domain; answers the DNS record that proves it' })
  @DataResponse(201, TenantDomainResponse)
  request(
    @CurrentUser() principal: Principal,
    @Body() { domain }: RequestDomainDto,
  ): Promise<TenantDomainResponse> {
    return this.domains.request(principal, domain);
  }

  @Post(':domainId/verify')
  @HttpCode(200)
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Look the proof of a domain up and take the domain into use' })
  @DataResponse(200, TenantDomainResponse)
  @ApiErrors('NOT_FOUND', 'DOMAIN_NOT_VERIFIED', 'DOMAIN_TAKEN')
  verify(
    @CurrentUser() principal: Principal,
    @Param('domainId', UuidParamPipe) domainId: string,
  ): Promise<TenantDomainResponse> {
    return this.domains.verify(principal, domainId);
  }

  @Delete(':domainId')
  @Permissions('manage_settings')
  @ApiOperation({ summary: 'Give a domain up' })
  @DataResponse(200, RemovedDomainResponse)
  @ApiErrors('NOT_FOUND')
  remove(@Param('domainId', UuidParamPipe) domainId: string): Promise<RemovedDomainResponse> {
    return this.domains.remove(domainId);
  }
}
