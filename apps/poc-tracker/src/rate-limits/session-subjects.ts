import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type NamedSource, RateLimitSubjects, type Subjects } from '@poc-tracker/rate-limit';

const NONE: Subjects = {};

/** The tracker knows users by their sessions only. Requests without one count by their address. */
@Injectable()
export class SessionSubjects extends RateLimitSubjects {
  override of(): Subjects {
    return NONE;
  }

  override sourceIn(): NamedSource {
    return {};
  }

  override hash(text: string): string {
    return createHash('sha256').update(text).digest('base64url');
  }
}
