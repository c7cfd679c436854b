import type { SessionStatusService } from '../session-status/session-status.service.js';
import { assertSecondFactor } from './fresh-auth.js';
import { assertMeets } from './policy.guard.js';
import { type Principal, toSessionClaims } from './principal.js';
import type { Requirements } from './route-policy.js';

/**
 * The principal of a long response with the rights that they have now. Call it before each part of the response: the guards
 * ran when it started, and the user may have been suspended or lost a permission since.
 * @param requirements those of the route.
 * @throws ApiError as the guards do. Let it break the stream, so that no client takes the response for complete.
 */
export async function currentPrincipal(
  principal: Principal,
  sessionStatus: Pick<SessionStatusService, 'currentRights'>,
  requirements: Requirements,
): Promise<Principal> {
  const rights = await sessionStatus.currentRights(toSessionClaims(principal));
  const current = { ...principal, ...rights };
  assertSecondFactor(current);
  assertMeets(current, requirements);
  return current;
}
