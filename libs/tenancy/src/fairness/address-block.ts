import { isIPv6 } from 'node:net';

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * What one client controls: an IPv4 address, or the /64 network of an IPv6 address. Another text, such as that of a
 * connection that is closed, stays as it is.
 */
export function addressBlock(address: string): string {
  if (!isIPv6(address)) return address;
  const [start = [], end = []] = address
    .split('::')
    .map((part) => (part === '' ? [] : part.split(':')));
  const zeros = Array.from({ length: GROUPS - start.length - end.length }, () => '0');
  return `${[...start, ...zeros, ...end].slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
