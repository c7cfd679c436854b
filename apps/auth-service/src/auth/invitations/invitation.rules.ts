import { domainToASCII } from 'node:url';
import { ApiError, outranks, type Role } from '@poc-tracker/contracts';

/**
 * Nobody invites above their own role, nor sends or takes back an invitation that stands above it (OWASP API5). The
 * policies of the tables hold the same; here it gets its reason.
 */
export function mayInvite(actor: { role: Role }, role: Role): boolean {
  return !outranks(role, actor.role);
}

/** @throws ApiError INSUFFICIENT_PERMISSIONS with the reason. */
export function assertMayInvite(actor: { role: Role }, role: Role): void {
  if (!mayInvite(actor, role)) throw roleAboveOwn();
}

export function roleAboveOwn(): ApiError {
  return new ApiError('INSUFFICIENT_PERMISSIONS', { details: { reason: 'role_above_own' } });
}

/** The domain of an address as the DNS has it, in punycode, which is how proven domains are stored. */
export function domainOfAddress(email: string): string {
  return domainToASCII(afterAt(email));
}

/** An address that whoever knows it recognises, and nobody else learns. */
export function maskedAddress(email: string): string {
  return `${[...email][0] ?? ''}***@${afterAt(email)}`;
}

/** What follows the last @: the part before may hold one between quotes. */
function afterAt(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase();
}
