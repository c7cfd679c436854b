import { Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, FormBody, OAuthErrors } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import { Tenantless } from '../tenant/resolution/tenantless.decorator.js';
import { ClientAuthentication, type ClientRequest } from './clients/client-authentication.js';
import { ApiTokenForm, tokenOf } from './token.form.js';
import { TokenRevocationService } from './token-revocation.service.js';

@ApiTags('oauth')
@Controller('oauth')
export class TokenRevocationController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly revocation: TokenRevocationService,
  ) {}

  @Post('revoke')
  @OAuthErrors()
  @HttpCode(200)
  @Public()
  @RateLimited('oauth')
  @Tenantless()
  @FormBody()
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Revoke the session of an access or refresh token (RFC 7009)' })
  @ApiTokenForm()
  @DataResponse(200)
  @ApiErrors('INVALID_CLIENT')
  async revokeToken(@Req() request: ClientRequest): Promise<void> {
    const client = await this.clients.authenticate(request);
    await this.revocation.revoke(client, tokenOf(request.body));
  }
}
