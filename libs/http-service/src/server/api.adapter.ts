import { StreamableFile } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Principal } from '@poc-tracker/auth-kit';
import type { FastifyReply } from 'fastify';
import { RouteOption } from './route-option.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by JwtAuthGuard on every route that is not `@Public()`. */
    principal?: Principal;
  }
}

const NOT_MODIFIED = 304;

/** How the response of a route is wrapped. */
export interface EnvelopeConfig {
  rawResponse?: boolean;
  /** A sentence beside the data. */
  message?: string;
}

/** Sends the handler's result without the envelope, for formats defined elsewhere: health, key sets, metrics. */
export function RawResponse(): MethodDecorator {
  return RouteOption({ rawResponse: true } satisfies EnvelopeConfig);
}

/**
 * Wraps every response in `{success: true, data}`, with `data: null` if the handler returns nothing, and with the message of
 * the route if it has one. An interceptor would cost each request more time.
 */
export class ApiAdapter extends FastifyAdapter {
  override reply(response: FastifyReply, body: unknown, statusCode?: number): FastifyReply {
    // It has no content, and the length of an envelope would replace that of the client's copy (RFC 9110, 8.6).
    if (response.statusCode === NOT_MODIFIED) return response.send();
    const { rawResponse, message } = response.request.routeOptions.config as EnvelopeConfig;
    return super.reply(
      response,
      rawResponse === true || body instanceof StreamableFile
        ? body
        : { success: true, message, data: body ?? null },
      statusCode,
    );
  }
}
