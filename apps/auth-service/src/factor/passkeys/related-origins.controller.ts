import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { ApiErrors, RawResponse } from '@poc-tracker/http-service';
import { ResolvedTenant } from '../../tenant/resolution/resolved-tenant.decorator.js';
import { PasskeyService } from './passkey.service.js';

const RELATED_ORIGINS = {
  'application/json': {
    schema: {
      type: 'object',
      required: ['origins'],
      properties: { origins: { type: 'array', items: { type: 'string', format: 'uri' } } },
    },
    example: { origins: ['https://acme.poctracker.com', 'https://login.acme.example'] },
  },
};

/**
 * The addresses at which passkeys of this host may be used (WebAuthn, level 3, 5.11). Browsers ask for it when a page at one address
 * of a tenant asks for a passkey of another one.
 */
@ApiTags('factors')
@Controller('.well-known/webauthn')
export class RelatedOriginsController {
  constructor(private readonly passkeys: PasskeyService) {}

  @Get()
  @Public()
  @RawResponse()
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({ summary: 'Get the addresses at which passkeys of this host may be used' })
  @ApiOkResponse({ description: 'The origins.', content: RELATED_ORIGINS })
  @ApiErrors('TENANT_REQUIRED', 'INVALID_TENANT')
  getRelatedOrigins(@ResolvedTenant() tenant: TenantSnapshot): Promise<{ origins: string[] }> {
    return this.passkeys.relatedOrigins(tenant);
  }
}
