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
 * Ends the transactions of a request together with the request: commits before the answer is sent; rolls back when the
 * handler fails, the time is up or the client hangs up. Register it as the outermost interceptor, so that what the
 * inner ones do still happens inside of the transaction.
 */
@Injectable()
export class TenantInterceptor implements NestInterceptor {
  constructor(
    @Inject(TENANCY_OPTIONS) private readonly options: Pick<TenancyOptions, 'requestTimeoutMs'>,
  ) {}

  /** Fails at once on time-out and hang-up; the roll-back then goes on behind the answer. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (opensOwnTransactions(context.getHandler())) return next.handle();
    const { lifetime } = requestScope();
    const response = context.switchToHttp().getResponse<FastifyReply>().raw;
    lifetime.begin();
    // An observable of its own and no promises around the handler's: each of those costs every request.
    return new Observable((subscriber) => {
      const stopListening = (): void => {
        clearTimeout(timer);
        response.off('close', onClose);
      };
      const interrupt = (reason: string): void => {
        stopListening();
        const error = new ApiError('SERVICE_UNAVAILABLE', { cause: new Error(reason) });
        void lifetime.abort(error);
        subscriber.error(error);
      };
      const onClose = (): void => interrupt('The client closed the connection before the answer.');
      const timer = setTimeout(() => {
        interrupt(`The request took longer than ${this.options.requestTimeoutMs} ms.`);
      }, this.options.requestTimeoutMs);
      // A client that hung up during the guards sends no further event.
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
      let answer: unknown;
      next.handle().subscribe({
        next: (value: unknown) => {
          answer = value;
        },
        error: (error: unknown) => void fail(error),
        complete: () => {
          lifetime.commit().then(() => {
            stopListening();
            subscriber.next(answer);
            subscriber.complete();
          }, fail);
        },
      });
    });
  }
}
