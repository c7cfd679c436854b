import { ApiError } from '@poc-tracker/contracts';
import { toApiError } from '@poc-tracker/tenancy';
import type { SecurityEvent, SecurityEvents } from '../../audit/security-events.js';
import { RefusedCredentials } from '../../user/user-credentials.service.js';

/**
 * The event of a log-in that was refused. It names the person whose address was tried, and never the address: a trail of
 * mistyped addresses would be a directory of strangers, and of passwords typed into the wrong field.
 */
function logInFailure({ code, cause }: ApiError): SecurityEvent {
  return {
    type: 'login.failed',
    result: 'failure',
    ...(cause instanceof RefusedCredentials && { target: { type: 'user', id: cause.userId } }),
    details: { reason: code },
  };
}

/**
 * Runs what credentials are asked for. A refusal is recorded although nothing else of the request remains, whether they
 * were wrong or have changed before the end; what the input lacks beside them is no refusal.
 */
export async function recordingRefusal<T>(
  events: Pick<SecurityEvents, 'recordInOwnTransaction'>,
  tenantId: string,
  work: () => Promise<T>,
  eventOf: (refusal: ApiError) => SecurityEvent = logInFailure,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof ApiError ? error : toApiError(error);
    if (refusal !== undefined && refusal.status < 500 && refusal.code !== 'VALIDATION_ERROR')
      await events.recordInOwnTransaction(tenantId, eventOf(refusal));
    throw error;
  }
}
