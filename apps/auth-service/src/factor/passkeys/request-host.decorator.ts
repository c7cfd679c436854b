import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The host of the request without its port, as a handler's parameter. Its sender chooses it: compare it with known ones. */
export const RequestHost = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string =>
    context.switchToHttp().getRequest<FastifyRequest>().hostname,
);
