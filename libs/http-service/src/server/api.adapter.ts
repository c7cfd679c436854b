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

/** Answers what the handler returns as it is, for formats that are fixed elsewhere: health, key sets, metrics. */
export function RawResponse(): MethodDecorator {
  return RouteOption({ rawResponse: true } satisfies RawRouteConfig);
}

/**
 * Fastify under Nest that puts every answer into `{success: true, data}`; a handler that returns nothing answers
 * `data: null`. Here rather than in an interceptor, each of which costs a request more than the whole envelope.
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
