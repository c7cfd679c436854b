import type { ServerResponse } from 'node:http';
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import type { FastifyReply } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { requestScope } from './request-context.js';
import type { RequestLifetime } from './request-lifetime.js';
import { TENANCY_OPTIONS, type TenancyOptions } from './tenancy.options.js';

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

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const { lifetime } = requestScope();
    const response = context.switchToHttp().getResponse<FastifyReply>().raw;
    lifetime.begin();
    const answer = await this.untilInterrupted(response, lifetime, async () => {
      const result: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await lifetime.commit();
      return result;
    });
    return of(answer);
  }

  /** Settles as `work` does, or fails at once on time-out and hang-up; the roll-back then goes on behind the answer. */
  private untilInterrupted<T>(
    response: ServerResponse,
    lifetime: RequestLifetime,
    work: () => Promise<T>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const stopListening = (): void => {
        clearTimeout(timer);
        response.off('close', onClose);
      };
      const interrupt = (reason: string): void => {
        stopListening();
        const error = new ApiError('SERVICE_UNAVAILABLE', { cause: new Error(reason) });
        void lifetime.abort(error);
        reject(error);
      };
      const onClose = (): void => interrupt('The client closed the connection before the answer.');
      const timer = setTimeout(() => {
        interrupt(`The request took longer than ${this.options.requestTimeoutMs} ms.`);
      }, this.options.requestTimeoutMs);
      // A client that hung up during the guards sends no further event.
      if (response.destroyed) return onClose();
      response.once('close', onClose);
      work()
        .then(resolve)
        .catch(async (error: unknown) => {
          await lifetime.abort(error instanceof Error ? error : new Error(String(error)));
          reject(error);
        })
        .finally(stopListening);
    });
  }
}
