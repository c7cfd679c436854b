import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyReply } from 'fastify';
import { Observable } from 'rxjs';
import { opensOwnTransactions } from './own-transactions.decorator.js';
import { requestScope } from './request-context.js';
import { TENANCY_OPTIONS, type TenancyOptions } from '../tenancy.options.js';

/**
 * Ends the transactions of a request: commits before the response is sent, and rolls back if the handler fails, the request
 * times out or the client disconnects. Register it as the outermost interceptor, so that inner ones still run in the
 * transaction.
 */
@Injectable()
export class TenantInterceptor implements NestInterceptor {
  constructor(
    @Inject(TENANCY_OPTIONS) private readonly options: Pick<TenancyOptions, 'requestTimeoutMs'>,
  ) {}

  /** On a timeout or disconnect it fails at once, and the rollback continues after the response. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (opensOwnTransactions(context.getHandler())) return next.handle();
    const { lifetime } = requestScope();
    const response = context.switchToHttp().getResponse<FastifyReply>().raw;
    lifetime.begin();
    // An observable without promises, each of which would cost every request time.
    return new Observable((subscriber) => {
      const stopListening = (): void => {
        clearTimeout(timer);
        response.off('close', onClose);
      };
      const interrupt = (reason: string): void => {
        stopListening();
        const code = lifetime.mayHaveCommitted ? 'OUTCOME_UNKNOWN' : 'SERVICE_UNAVAILABLE';
        const error = new ApiError(code, { cause: new Error(reason) });
        void lifetime.abort(error);
        subscriber.error(error);
      };
      const onClose = (): void =>
        interrupt('The client closed the connection before the response.');
      const timer = setTimeout(() => {
        interrupt(`The request took longer than ${this.options.requestTimeoutMs} ms.`);
      }, this.options.requestTimeoutMs);
      // If the client disconnected during the guards, no further event follows.
      if (response.destroyed) {
        onClose();
        return;
      }
      response.once('close', onClose);
      const fail = async (error: unknown): Promise<void> => {
        await lifetime.abort(error instanceof Error ? error : new Error(String(error)));
        stopListening();
        subscriber.error(error);
      };
      let result: unknown;
      next.handle().subscribe({
        next: (value: unknown) => {
          result = value;
        },
        error: (error: unknown) => void fail(error),
        complete: () => {
          lifetime.commit().then(() => {
            stopListening();
            subscriber.next(result);
            subscriber.complete();
          }, fail);
        },
      });
    });
  }
}
