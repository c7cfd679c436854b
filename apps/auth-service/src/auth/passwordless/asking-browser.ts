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

/** Both are read: the prefix keeps other hosts of the domain from setting the cookie, and browsers accept it over TLS only. */
const PAIR = new RegExp(`^(?:__Host-)?${NAME}=([A-Za-z0-9_-]{43})$`);

const secretOf = new WeakMap<FastifyRequest, string>();

/** Sets a cookie with a secret that only this browser has. Strict: the page that uses it is of the same site. */
@Injectable()
class AskingBrowserInterceptor implements NestInterceptor {
  private readonly name: string;
  private readonly attributes: string;

  constructor(@Inject(APP_CONFIG) { environment }: Pick<AppConfig, 'environment'>) {
    const secure = environment === 'production';
    this.name = secure ? `__Host-${NAME}` : NAME;
    this.attributes =
      `Path=/; Max-Age=${LIFETIME_SECONDS.magic_link}; HttpOnly; SameSite=Strict` +
      (secure ? '; Secure' : '');
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

/** For a handler that sends a link which this browser may open without a question. */
export function MarksBrowser(): MethodDecorator {
  return applyDecorators(UseInterceptors(AskingBrowserInterceptor));
}

/** The secret of the browser: the one that {@link MarksBrowser} sets, or that of its cookie. Null without a cookie. */
export const BrowserSecret = createParamDecorator(
  (_data: unknown, context: ExecutionContext): string | null => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const set = secretOf.get(request);
    if (set !== undefined) return set;
    const pairs = (request.headers.cookie ?? '').split(';');
    return pairs.map((pair) => PAIR.exec(pair.trim())?.[1]).find((secret) => secret) ?? null;
  },
);
