import { StreamableFile } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Principal } from '@poc-tracker/auth-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RouteOption } from './route-option.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by JwtAuthGuard on every route that is not `@Public()`. */
    principal?: Principal;
  }
}

interface RawRouteConfig {
  rawResponse?: boolean;
}

/** Sends the handler's result without the envelope, for formats defined elsewhere: health, key sets, metrics. */
export function RawResponse(): MethodDecorator {
  return RouteOption({ rawResponse: true } satisfies RawRouteConfig);
}

/**
 * Wraps every response in `{success: true, data}`, with `data: null` if the handler returns nothing. An interceptor would
 * cost each request more time.
 */
export class ApiAdapter extends FastifyAdapter {
  override reply(response: FastifyReply, body: unknown, statusCode?: number): FastifyReply {
    return super.reply(
      response,
      isRaw(response.request) || body instanceof StreamableFile
        ? body
        : { success: true, data: body ?? null },
      statusCode,
    );
  }
}

function isRaw(request: FastifyRequest): boolean {
  return (request.routeOptions.config as RawRouteConfig).rawResponse === true;
}
