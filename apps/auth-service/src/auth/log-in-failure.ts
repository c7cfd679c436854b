import type { ApiError } from '@poc-tracker/contracts';
import type { SecurityEvent } from '../audit/security-events.js';

/** Why credentials were refused, for the trail alone: to the caller every refusal is alike. */
export class RefusedCredentials extends Error {
  constructor(
    /** Whose credentials they would have been. */
    readonly userId: string,
  ) {
    super('The credentials of this person were refused.');
  }
}

/**
 * The event of a log-in that was refused. It names the person whose address was tried, and never the address: a trail of
 * mistyped addresses would be a directory of strangers, and of passwords typed into the wrong field.
 */
export function logInFailure({ code, cause }: ApiError): SecurityEvent {
  return {
    type: 'login.failed',
    result: 'failure',
    ...(cause instanceof RefusedCredentials && { target: { type: 'user', id: cause.userId } }),
    details: { reason: code },
  };
}
