import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6, SocketAddress } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Some gateways add the port of the client to X-Forwarded-For. */
const WITH_PORT = /^(?:\[([^\]]*)\](?::(\d{1,5}))?|([\d.]+):(\d{1,5}))$/;

const MAX_PORT = 65_535;

/** An IPv4 address in the notation of an IPv6 socket (RFC 4291, 2.5.5.2). */
const IPV4_MAPPED = /^::ffff:(?=\d+\.)/;

export type ProxyTrust = (address: string) => boolean;

/**
 * The one form in which an address is compared, stored and counted: without port, brackets and zone, IPv4 if it is an
 * IPv4-mapped IPv6 address, and IPv6 in lower case and compressed (RFC 5952).
 * @returns undefined if the text is not an address.
 */
export function parseAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const [, bracketed, portOfBracketed, beforePort, port = portOfBracketed] =
    WITH_PORT.exec(trimmed) ?? [];
  if (Number(port ?? 0) > MAX_PORT) return undefined;
  const address = (bracketed ?? beforePort ?? trimmed).split('%', 1)[0] ?? '';
  const family = isIP(address);
  if (family !== 6) return family === 4 ? address : undefined;
  return new SocketAddress({ address, family: 'ipv6' }).address.replace(IPV4_MAPPED, '');
}

/** Whether an address is one of these addresses or in one of these CIDR ranges, which must be valid. */
export function inNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const entry of networks) {
    const [network = '', bits] = entry.split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(bits), family);
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/**
 * The address of the client: the last hop that is not a trusted proxy, from the connection back through X-Forwarded-For,
 * to which each proxy appends. An entry that is not an address, such as `unknown`, ends the search: the client is then the
 * trusted proxy that added it, because an earlier entry could be forged.
 */
export function clientAddress(peer: string, forwardedFor: string, isTrusted: ProxyTrust): string {
  const hops = forwardedFor.split(',');
  let client = parseAddress(peer);
  while (client !== undefined && isTrusted(client)) {
    const next = parseAddress(hops.pop() ?? '');
    if (next === undefined) return client;
    client = next;
  }
  return client ?? '';
}

/** The {@link clientAddress} of a request. Empty if the client has already closed the connection. */
export function clientOf({ headers, socket }: IncomingMessage, isTrusted: ProxyTrust): string {
  // Node joins repeated headers of this name.
  const forwardedFor = String(headers['x-forwarded-for'] ?? '');
  return clientAddress(socket.remoteAddress ?? '', forwardedFor, isTrusted);
}

/** Makes `request.ip` the address of the client. */
export function registerClientAddress(fastify: FastifyInstance, isTrusted: ProxyTrust): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    Object.defineProperty(request, 'ip', { value: clientOf(request.raw, isTrusted) });
    done();
  });
}
