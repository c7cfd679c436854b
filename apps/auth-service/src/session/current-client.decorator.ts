import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { clientOf, type RequestClient } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';

/** The {@link RequestClient} of the current request, as a handler's parameter. */
export const CurrentClient = createParamDecorator(
  (_data: unknown, context: ExecutionContext): RequestClient =>
    clientOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
