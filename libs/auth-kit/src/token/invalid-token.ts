import { ApiError } from '@poc-tracker/contracts';

/** The error for every invalid token. The reason is only logged, because it would help to forge one, and never quotes the token. */
export function invalidToken(reason: string): ApiError {
  return new ApiError('INVALID_TOKEN', { cause: new Error(reason) });
}

/** Converts an error that a library threw for a token. */
export function asInvalidToken(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError('INVALID_TOKEN', { cause });
}
