import { isIPv6 } from 'node:net';
import { inNetworks } from '@poc-tracker/http-service';

/** Special-purpose networks of IPv4 that are not of the public internet (RFC 6890), and multicast. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];

/** All public addresses of IPv6 are in this network (RFC 4291, 2.4) … */
const GLOBAL_IPV6 = '2000::/3';

/** … except for protocols, documentation and 6to4, whose relays are of any country (RFC 6890, 9637, 7526). */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const isSpecial = inNetworks([...SPECIAL_IPV4, ...SPECIAL_IPV6]);
const isGlobalIpv6 = inNetworks([GLOBAL_IPV6]);

/**
 * True if an address can be of a country: it is of the public internet. Some databases have countries for private networks.
 * @param address in the form of `parseAddress`
 */
export function isPublicAddress(address: string): boolean {
  return !isSpecial(address) && (!isIPv6(address) || isGlobalIpv6(address));
}
