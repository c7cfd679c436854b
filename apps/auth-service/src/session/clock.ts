import { Injectable } from '@nestjs/common';

/**
 * The one source of time for sessions and refresh tokens. Their SQL gets it as a parameter instead of asking `now()`, so that a
 * session's life is judged by a single clock, and so that a test can move it.
 */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
