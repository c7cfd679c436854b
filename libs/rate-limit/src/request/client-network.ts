import { isIPv6 } from 'node:net';

/** Groups of an IPv6 address that name its network: a customer has all addresses of a /64. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/**
 * What is counted as one address: an IPv4 address, or the /64 of an IPv6 address.
 * @param address in the form of `parseAddress` of libs/http-service, or empty if the client has disconnected.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : GROUPS - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, missing)).fill('0'), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
