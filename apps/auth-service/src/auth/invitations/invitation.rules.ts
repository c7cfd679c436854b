import { ApiError, outranks, type Role } from '@poc-tracker/contracts';

/**
 * Users may create, resend and revoke invitations up to their own role (OWASP API5). The policies of the tables enforce the
 * same; this rule gives the error its reason.
 */
export function mayInvite(inviter: { role: Role }, role: Role): boolean {
  return !outranks(role, inviter.role);
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS with the reason. */
export function assertMayInvite(inviter: { role: Role }, role: Role): void {
  if (!mayInvite(inviter, role))
    throw new ApiError('INSUFFICIENT_PERMISSIONS', { details: { reason: 'role_above_own' } });
}

/** Only a user who knows the address recognizes it. */
export function maskedAddress(email: string): string {
  // After the last @: the local part may contain a quoted one.
  const domain = email.slice(email.lastIndexOf('@') + 1);
  return `${[...email][0] ?? ''}***@${domain}`;
}
