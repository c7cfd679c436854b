import { Injectable } from '@nestjs/common';

/**
 * The time of sessions and refresh tokens. Their SQL gets it as a parameter instead of calling `now()`, so that the expiry
 * of a session depends on one clock, and so that a test can move it.
 */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
