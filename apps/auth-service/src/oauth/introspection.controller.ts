import { Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type IntrospectionResponse, Public } from '@poc-tracker/auth-kit';
import { ApiErrors, FormBody, OAuthErrors, RawResponse } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import { KeepsSessionStatusCache } from '../session/own-changes.js';
import { Tenantless } from '../tenant/resolution/tenantless.decorator.js';
import { ClientAuthentication, type ClientRequest } from './clients/client-authentication.js';
import { IntrospectionAnswer } from './introspection.response.js';
import { IntrospectionService } from './introspection.service.js';
import { ApiTokenForm } from './token.form.js';

@ApiTags('oauth')
@Controller('oauth')
export class IntrospectionController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly introspection: IntrospectionService,
  ) {}

  @Post('introspect')
  @OAuthErrors()
  @HttpCode(200)
  @Public()
  @RateLimited('oauth')
  @Tenantless()
  @FormBody()
  @KeepsSessionStatusCache()
  @RawResponse()
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Introspect a token (RFC 7662)' })
  @ApiTokenForm()
  @ApiOkResponse({ type: IntrospectionAnswer, description: 'Done.' })
  @ApiErrors('INVALID_CLIENT')
  async introspectToken(@Req() request: ClientRequest): Promise<IntrospectionResponse> {
    await this.clients.authenticate(request);
    return this.introspection.introspect(request.body);
  }
}
