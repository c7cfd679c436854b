import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { ApiErrors } from '@poc-tracker/http-service';
import type { FastifyReply } from 'fastify';
import { Tenantless } from '../tenant/resolution/tenantless.decorator.js';
import { ClientAuthentication, type ClientRequest } from './clients/client-authentication.js';
import { RevocationStreams } from './revocation-stream.service.js';

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
    private readonly streams: RevocationStreams,
  ) {}

  @Get('revocations')
  @Public()
  @Tenantless()
  @ApiOperation({
    summary:
      'Follow what ends or changes the worth of tokens, for services that verify them on their own',
    description:
      'A line of JSON about every 30 ms. `t`: as of when everything has been told, in milliseconds of the clock that ' +
      'the first line gives the time of. `events`: `[kind, tenant, id]`, kind being session, user or tenant. A stream ' +
      'that breaks off cannot be continued: forget what you remember and open another one.',
  })
  @ApiOkResponse({ description: 'Lines of JSON, for a minute at most.', content: LINES })
  @ApiErrors('INVALID_CLIENT', 'SERVICE_BUSY', 'SERVICE_UNAVAILABLE')
  async follow(@Req() request: ClientRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.clients.authenticate(request);
    this.streams.assertRoom();
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
      // Not to be used again: a connection that idles keeps a stopping server waiting.
      connection: 'close',
      // Proxies that hold lines back would make them too old to be of use.
      'x-accel-buffering': 'no',
    });
    this.streams.serve(reply.raw);
  }
}
