import {
  type CallHandler,
  type CustomDecorator,
  type ExecutionContext,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { map, type Observable } from 'rxjs';

const RAW_RESPONSE = 'http:raw-response';

/** Answers what the handler returns as it is, for formats that are fixed elsewhere: health, key sets, metrics. */
export function RawResponse(): CustomDecorator {
  return SetMetadata(RAW_RESPONSE, true);
}

/** Puts every answer into `{success: true, data}`; a handler that returns nothing answers `data: null`. */
export class EnvelopeInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const raw = this.reflector.getAllAndOverride<boolean | undefined>(RAW_RESPONSE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (raw === true) return next.handle();
    return next.handle().pipe(map((data: unknown) => ({ success: true, data: data ?? null })));
  }
}
