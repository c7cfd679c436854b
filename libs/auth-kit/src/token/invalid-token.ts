import { ApiError } from '@poc-tracker/contracts';

/**
 * The answer to every token that is not good. The reason goes to the log alone: told to the caller,
 * it would help to build a better forgery. It never quotes the token.
 */
export function invalidToken(reason: string): ApiError {
  return new ApiError('INVALID_TOKEN', { cause: new Error(reason) });
}

/** What a library threw at a token, as our answer. */
export function asInvalidToken(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError('INVALID_TOKEN', { cause });
}
