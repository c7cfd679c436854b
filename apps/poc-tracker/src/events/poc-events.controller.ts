import { Controller, Get, Param, Res, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Authenticated, CurrentUser, type Principal, RequireFeature } from '@poc-tracker/auth-kit';
import { ApiErrors, UuidParamPipe } from '@poc-tracker/http-service';
import { OwnTransactions } from '@poc-tracker/tenancy';
import type { FastifyReply } from 'fastify';
import { PocEventsService } from './poc-events.service.js';

const EVENT_STREAM = 'text/event-stream';

@ApiTags('events')
@Controller('pocs/:pocId/events')
export class PocEventsController {
  constructor(private readonly events: PocEventsService) {}

  @Get()
  @Authenticated()
  @RequireFeature('real_time_dojos')
  @OwnTransactions()
  @ApiOperation({
    summary: 'Follow the changes of a POC as server-sent events',
    description:
      'poc.updated, poc.deleted, file.added, file.removed, collaborator.added and collaborator.removed, with ids only; ' +
      'resync when some may have been missed; closed, with a code, when the session has ended.',
  })
  @ApiResponse({
    status: 200,
    description: 'A stream without an end.',
    content: {
      [EVENT_STREAM]: {
        schema: { type: 'string' },
        example: 'event: poc.updated\ndata: {"pocId":"…","subjectId":null}\n\n',
      },
    },
  })
  @ApiErrors('NOT_FOUND', 'RATE_LIMIT_EXCEEDED')
  async follow(
    @CurrentUser() person: Principal,
    @Param('pocId', UuidParamPipe) pocId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const stream = await this.events.subscribe(person, pocId);
    // nginx would hold events back until its buffer is full.
    void reply.header('x-accel-buffering', 'no');
    return new StreamableFile(stream, { type: EVENT_STREAM });
  }
}
