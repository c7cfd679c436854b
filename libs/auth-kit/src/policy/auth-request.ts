import type { TokenRequest } from '../token/bearer-token.js';
import type { Principal } from './principal.js';

/** The parts of a request that the guards read, and the principal that they set on it. */
export interface AuthRequest extends TokenRequest {
  readonly method: string;
  /** Set by JwtAuthGuard on every route that is not `@Public()`. */
  principal?: Principal;
}
