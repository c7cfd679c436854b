import type { ApiError } from '@poc-tracker/contracts';
import type { SecurityEvent } from '../../audit/security-events.js';
import { countryDetails } from '../../protection/country/country.guard.js';
import type { RiskScore } from '../../protection/risk/risk-score.js';
import { RefusedCredentials } from '../../user/user-credentials.service.js';

/** A suspicious log-in that was refused, for the audit log only. */
export class SuspiciousLogin extends Error {
  constructor(
    readonly userId: string,
    readonly risk: RiskScore,
  ) {
    super('The log-in is suspicious.');
  }
}

/**
 * Names the user whose address was tried, and never the address: a log of mistyped addresses would list people who have
 * no account, and passwords that were typed into the wrong field.
 */
export function loginFailure({ code, cause }: ApiError): SecurityEvent {
  const named = cause instanceof RefusedCredentials || cause instanceof SuspiciousLogin;
  return {
    type: 'login.failed',
    result: 'failure',
    ...(named && { target: { type: 'user', id: cause.userId } }),
    details: {
      reason: code,
      ...countryDetails(),
      ...(cause instanceof RefusedCredentials &&
        cause.reason !== undefined && { cause: cause.reason }),
      ...(cause instanceof SuspiciousLogin && { risk: cause.risk }),
    },
  };
}
