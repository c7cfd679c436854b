import { ApiError, outranks, type Role } from '@poc-tracker/contracts';

/**
 * Users may give others roles up to their own, whether they create a user, change one or invite one (OWASP API5). For
 * invitations, the policies of the tables enforce the same; this rule gives the error its reason.
 */
export function mayAssignRole(caller: { role: Role }, role: Role): boolean {
  return !outranks(role, caller.role);
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS with the reason, for a role above the caller's. */
export function assertMayAssignRole(caller: { role: Role }, role: Role): void {
  if (!mayAssignRole(caller, role))
    throw new ApiError('INSUFFICIENT_PERMISSIONS', { details: { reason: 'role_above_own' } });
}
