import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Public } from '@poc-tracker/auth-kit';
import { ApiErrors, DataResponse, RawBody } from '@poc-tracker/http-service';
import type { FastifyRequest } from 'fastify';
import { Tenantless } from '../../tenant/resolution/tenantless.decorator.js';
import { MailEventService } from './mail-event.service.js';

class AcceptedResponse {
  @ApiProperty({ enum: [true], example: true })
  accepted: true;
}

/** The lengths that the service accepts are shorter. */
const HEADER = { type: 'string', maxLength: 1_000 } as const;

const EVENT = {
  type: 'object',
  properties: {
    type: { type: 'string', maxLength: 100, example: 'email.bounced' },
    data: {
      type: 'object',
      properties: {
        messageId: { type: 'string', maxLength: 400, description: 'The Message-ID of the mail.' },
        permanent: { type: 'boolean', description: 'Of a bounce: whether it is for good.' },
      },
    },
  },
} as const;

@ApiTags('mail')
@Controller('mail/events')
export class MailEventController {
  constructor(private readonly events: MailEventService) {}

  @Post()
  @HttpCode(200)
  @RawBody()
  @Public()
  @Tenantless()
  @ApiOperation({
    summary: 'Create a mail event',
    description:
      'For the mail provider: email.bounced and email.complained, signed as Standard Webhooks says with MAIL_WEBHOOK_SECRET. ' +
      'The address of the mail gets no more mails of its tenant.',
  })
  @ApiHeader({ name: 'webhook-id', required: true, example: 'evt_2b1c4d5e60', schema: HEADER })
  @ApiHeader({ name: 'webhook-timestamp', required: true, example: '1795975800', schema: HEADER })
  @ApiHeader({
    name: 'webhook-signature',
    required: true,
    example: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
    schema: HEADER,
  })
  @ApiBody({ schema: EVENT })
  @DataResponse(200, AcceptedResponse)
  @ApiErrors('INVALID_TOKEN', 'NOT_FOUND', 'PAYLOAD_TOO_LARGE')
  createMailEvent(@Req() request: FastifyRequest): Promise<AcceptedResponse> {
    return this.events.accept(request.raw);
  }
}
