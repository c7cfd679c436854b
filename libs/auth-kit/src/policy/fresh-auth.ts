import { ApiError, ERROR_CATALOGUE, FACTOR_KINDS } from '@poc-tracker/contracts';
import type { Principal } from './principal.js';
import type { Freshness } from './route-policy.js';

/** The proofs that `POST /auth/step-up` accepts, by the names of its fields. */
type StepUpMethod = 'password' | 'totp' | 'passkey' | 'recoveryCode';

/** The `details` of STEP_UP_REQUIRED. */
export interface StepUpDetails {
  /** How old the proof may be; null if it is asked once per session. */
  maxAgeMinutes: number | null;
  /** Whether it must include the second factor. */
  factor: boolean;
  /** The fields of `POST /auth/step-up` of which one is enough. */
  methods: readonly StepUpMethod[];
}

/**
 * Refuses a session that lacks the second factor that its tenant requires.
 * @throws ApiError FACTOR_ENROLLMENT_REQUIRED (details: `factors`, the kinds to choose from), STEP_UP_REQUIRED.
 */
export function assertSecondFactor({ factorDue, factors }: Principal): void {
  if (factorDue === null) return;
  if (factorDue === 'enrollment')
    throw new ApiError('FACTOR_ENROLLMENT_REQUIRED', { details: { factors: FACTOR_KINDS } });
  throw stepUp({ maxAgeMinutes: null, factor: true, methods: methodsOf(factors) });
}

/**
 * Refuses a user who has not proved their identity recently enough (RFC 9470). The time is that of the token, so a token that was
 * stolen before a step-up is not refreshed by it.
 * @throws ApiError STEP_UP_REQUIRED (details: {@link StepUpDetails}).
 */
export function assertFresh(
  { authentication, factors }: Principal,
  { minutes, factor }: Freshness,
): void {
  const needsFactor = factor && factors.length > 0;
  const age = Date.now() / 1_000 - authentication.at;
  if (age <= minutes * 60 && !(needsFactor && !authentication.methods.includes('mfa'))) return;
  throw stepUp({ maxAgeMinutes: minutes, factor: needsFactor, methods: methodsOf(factors) });
}

/** The parameters of the WWW-Authenticate header that say what is asked (RFC 9470, 3). */
export function stepUpChallenge({ maxAgeMinutes, factor }: StepUpDetails): string {
  const asked = [
    'error="insufficient_user_authentication"',
    `error_description="${ERROR_CATALOGUE.STEP_UP_REQUIRED.message}"`,
    ...(maxAgeMinutes === null ? [] : [`max_age="${maxAgeMinutes * 60}"`]),
    ...(factor ? ['acr_values="aal2"'] : []),
  ];
  return asked.join(', ');
}

/** A user who has a second factor steps up with it: a password that was stolen must not be enough. */
function methodsOf(factors: Principal['factors']): StepUpMethod[] {
  return factors.length === 0 ? ['password'] : [...factors, 'recoveryCode'];
}

function stepUp(details: StepUpDetails): ApiError {
  return new ApiError('STEP_UP_REQUIRED', { details });
}
