import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { ApiErrors, EndlessResponse, OAuthErrors } from '@poc-tracker/http-service';
import { RateLimited } from '@poc-tracker/rate-limit';
import type { FastifyReply } from 'fastify';
import { Tenantless } from '../tenant/resolution/tenantless.decorator.js';
import { ClientAuthentication, type ClientRequest } from './clients/client-authentication.js';
import { RevocationStreamService } from './revocation-stream.service.js';

const LINES = {
  'application/x-ndjson': {
    schema: { type: 'string' },
    example:
      '{"epoch":"6f1c7a52-5d0e-4c1e-9a2b-0d8f5b7c3e11","n":1,"t":81234.5,' +
      '"events":[["session","0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e60","0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e61"]]}\n',
  },
};

@ApiTags('oauth')
@Controller('oauth')
export class RevocationStreamController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly streams: RevocationStreamService,
  ) {}

  @Get('revocations')
  @OAuthErrors()
  @EndlessResponse()
  @Public()
  @RateLimited('oauth')
  @Tenantless()
  @ApiOperation({
    summary: 'Stream revocation events',
    description:
      'For services that verify tokens locally. Sends a line of JSON about every 30 ms. `t` is the time up to which the ' +
      'events are complete, in milliseconds of the clock whose current time is in the first line. `events` lists ' +
      '`[kind, tenant, id]`, where kind is session, user or tenant. A stream cannot be resumed: after it ends, clear ' +
      'your cache and open another one. A client can have 20 streams at once on each instance.',
  })
  @ApiOkResponse({ description: 'Lines of JSON, for at most a minute.', content: LINES })
  @ApiErrors('INVALID_CLIENT', 'RATE_LIMIT_EXCEEDED', 'SERVICE_BUSY', 'SERVICE_UNAVAILABLE')
  async streamRevocations(
    @Req() request: ClientRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { id } = await this.clients.authenticate(request);
    const free = this.streams.takeSlot(id);
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      // Not reused: an idle connection delays the shutdown of the server.
      connection: 'close',
      // Proxies must not buffer lines, or they arrive too late to be useful.
      'x-accel-buffering': 'no',
    });
    this.streams.serve(reply.raw, free);
  }
}
