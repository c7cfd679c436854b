import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  HttpStatus,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Observable, tap } from 'rxjs';

/** Answers 202 instead of 201 to a registration that waits for its confirmation. */
@Injectable()
class PendingStatusInterceptor implements NestInterceptor<object> {
  intercept(context: ExecutionContext, next: CallHandler<object>): Observable<object> {
    return next.handle().pipe(
      tap((response) => {
        if ('confirmation' in response)
          void context.switchToHttp().getResponse<FastifyReply>().status(HttpStatus.ACCEPTED);
      }),
    );
  }
}

/** For a handler that returns a new user, or that the registration waits for its confirmation. */
export function AcceptsPending(): MethodDecorator {
  return applyDecorators(UseInterceptors(PendingStatusInterceptor));
}
