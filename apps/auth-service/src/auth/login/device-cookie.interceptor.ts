import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Observable, tap } from 'rxjs';
import { DeviceCookies } from '../../protection/lockout/device-cookies.js';
import { knownDevice } from '../../protection/lockout/known-devices.js';
import type { UserResponse } from '../../user/user.response.js';

/** The user who has logged in. Any other answer logs in no user. */
type LoggedIn = { user: UserResponse } | { adminUser: UserResponse };

/** Sets the device cookie of the user who has logged in. */
@Injectable()
class DeviceCookieInterceptor implements NestInterceptor<LoggedIn | object> {
  constructor(private readonly cookies: DeviceCookies) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler<LoggedIn | object>,
  ): Observable<LoggedIn | object> {
    return next.handle().pipe(
      tap((response) => {
        const user = userIn(response);
        if (user === undefined) return;
        const cookie = this.cookies.issue(user, knownDevice(user.tenantId, user.id)?.deviceId);
        void context.switchToHttp().getResponse<FastifyReply>().header('set-cookie', cookie);
      }),
    );
  }
}

function userIn(response: LoggedIn | object): UserResponse | undefined {
  if ('user' in response) return response.user;
  return 'adminUser' in response ? response.adminUser : undefined;
}

/** For a handler that logs a user in and returns them. */
export function SetsDeviceCookie(): MethodDecorator {
  return applyDecorators(UseInterceptors(DeviceCookieInterceptor));
}
