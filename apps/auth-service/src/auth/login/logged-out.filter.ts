import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiError } from '@poc-tracker/contracts';
import type { RevokedSessionsResponse } from '../../session/session.response.js';

const NOTHING_LEFT: RevokedSessionsResponse = { revoked: 0 };

/**
 * Answers a log-out whose session is already revoked with success: after an answer was lost or its outcome was unknown, a
 * client repeats the request, and must not take a refusal for a session that is still open. The guard has verified the
 * token before it looked at the session.
 */
@Injectable()
@Catch(ApiError)
export class LoggedOutFilter implements ExceptionFilter<ApiError> {
  constructor(private readonly host: HttpAdapterHost) {}

  /** @throws the error again if it is any other one; the filter of the application responds to it. */
  catch(error: ApiError, host: ArgumentsHost): void {
    if (error.code !== 'TOKEN_REVOKED') throw error;
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), NOTHING_LEFT, 200);
  }
}
