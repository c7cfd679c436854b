import { findCurrentRequest, type RequestClient } from '../request/request-context.js';
import { addressBlock } from './address-block.js';
import type { TaskOwner } from './fair-queue.js';

/** Sign-ups, and the command line, share the turn of one tenant. */
const NO_TENANT = '';

/** The tenant and the client of the current request. */
export function currentOwner(): TaskOwner {
  const request = findCurrentRequest();
  return ownerOf(request?.tenant?.id ?? NO_TENANT, request?.client);
}

/** A client of a tenant, which takes one turn, however many addresses of its network it uses. */
export function ownerOf(
  tenant: string,
  client: Pick<RequestClient, 'ipAddress'> | undefined,
): TaskOwner {
  return { tenant, source: addressBlock(client?.ipAddress ?? '') };
}
