import { Controller, Get, Param, Res, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, type Principal, RequireFeature } from '@poc-tracker/auth-kit';
import { ApiErrors, EndlessResponse, UuidParamPipe } from '@poc-tracker/http-service';
import { OwnTransactions } from '@poc-tracker/tenancy';
import type { FastifyReply } from 'fastify';
import { PocEventsService } from './poc-events.service.js';

const EVENT_STREAM = 'text/event-stream';

@ApiTags('events')
@Controller('pocs/:pocId/events')
export class PocEventsController {
  constructor(private readonly events: PocEventsService) {}

  @Get()
  @EndlessResponse()
  @Authenticated()
  @RequireFeature('real_time_dojos')
  @OwnTransactions()
  @ApiOperation({
    summary: 'Stream the events of a POC',
    description:
      'Sends server-sent events: poc.updated, poc.deleted, file.added, file.removed, collaborator.added and ' +
      'collaborator.removed, each with ids only. resync: events may have been missed, so read the POC again. closed: the ' +
      'stream ends, with the error code of the reason, such as the end of the session.',
  })
  @ApiResponse({
    status: 200,
    description: 'A stream of server-sent events.',
    content: {
      [EVENT_STREAM]: {
        schema: { type: 'string' },
        example: 'event: poc.updated\ndata: {"pocId":"…","subjectId":null}\n\n',
      },
    },
  })
  @ApiErrors('NOT_FOUND', 'RATE_LIMIT_EXCEEDED', 'SERVICE_BUSY')
  async streamPocEvents(
    @CurrentUser() principal: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const stream = await this.events.subscribe(principal, pocId);
    // nginx would buffer events.
    void reply.header('x-accel-buffering', 'no');
    return new StreamableFile(stream, { type: EVENT_STREAM });
  }
}
