import {
  applyDecorators,
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { newSecret } from '../../protection/secret.js';
import { LIFETIME_SECONDS } from '../one-time-tokens/one-time-token.js';

const NAME = 'magic-link';

const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** The secret of the browser that sent a request: a new one that the response sets, or that of its cookie. */
const secretOf = new WeakMap<FastifyRequest, string>();

/** The prefix keeps other hosts of the domain from setting the cookie. Browsers accept it over TLS only. */
const nameIn = ({ environment }: Pick<AppConfig, 'environment'>): string =>
  environment === 'production' ? `__Host-${NAME}` : NAME;

/** Sets a cookie with a secret that only this browser has. Strict: the page that uses it is of the same site. */
@Injectable()
class MarkingInterceptor implements NestInterceptor {
  private readonly name: string;
  private readonly attributes: string;

  constructor(@Inject(APP_CONFIG) config: Pick<AppConfig, 'environment'>) {
    this.name = nameIn(config);
    this.attributes =
      `Path=/; Max-Age=${LIFETIME_SECONDS.magic_link}; HttpOnly; SameSite=Strict` +
      (config.environment === 'production' ? '; Secure' : '');
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const secret = newSecret();
    secretOf.set(http.getRequest<FastifyRequest>(), secret);
    const cookie = `${this.name}=${secret}; ${this.attributes}`;
    void http.getResponse<FastifyReply>().header('set-cookie', cookie);
    return next.handle();
  }
}

/** Reads that cookie. */
@Injectable()
class RecognizingInterceptor implements NestInterceptor {
  private readonly name: string;

  constructor(@Inject(APP_CONFIG) config: Pick<AppConfig, 'environment'>) {
    this.name = nameIn(config);
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    for (const pair of (request.headers.cookie ?? '').split(';')) {
      const [name, value = ''] = pair.trim().split('=', 2);
      if (name === this.name && SECRET.test(value)) secretOf.set(request, value);
    }
    return next.handle();
  }
}

/** For a handler that sends a link which this browser may open without a question. */
export function MarksBrowser(): MethodDecorator {
  return applyDecorators(UseInterceptors(MarkingInterceptor));
}

/** For a handler that uses such a link. */
export function RecognizesBrowser(): MethodDecorator {
  return applyDecorators(UseInterceptors(RecognizingInterceptor));
}

/** The secret of the browser, with {@link MarksBrowser} or {@link RecognizesBrowser}. Null without a cookie. */
export const BrowserSecret = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string | null =>
    secretOf.get(context.switchToHttp().getRequest<FastifyRequest>()) ?? null,
);
