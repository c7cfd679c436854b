import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { HttpSettings } from '../settings/service-settings.js';

/**
 * Connections that wait to be accepted. Node lets 511 wait by default. The kernel drops those beyond, and their clients try again
 * after a second, and again after three: a burst of clients would fail a health check.
 * The kernel may have a lower limit (`net.core.somaxconn` of Linux, 4096 by default).
 */
const BACKLOG = 4_096;

/**
 * Node accepts one connection of a listening socket in each turn of its event loop, so the last of 1,000 waits for 1,000 turns. With
 * several sockets on the same port, among which the kernel distributes connections, it accepts one of each.
 */
const SOCKETS = 16;

/** Other systems refuse the option or do not distribute connections, and Node 20 does not know it. */
export const CAN_SHARE_PORT =
  process.platform === 'linux' && Number.parseInt(process.versions.node) >= 22;

/** The sockets of a server beside its own. */
const furtherSockets = new WeakMap<HttpServer, Server[]>();

/**
 * Starts to accept connections.
 * @throws the error of Node if the address is in use or not available
 */
export async function listen(
  app: NestFastifyApplication,
  { host, port }: Pick<HttpSettings, 'host' | 'port'>,
): Promise<void> {
  if (!CAN_SHARE_PORT) {
    await app.listen({ host, port, backlog: BACKLOG });
    return;
  }
  if (port !== 0) await assertUnused(host, port);
  const shared = { host, backlog: BACKLOG, reusePort: true };
  await app.listen({ ...shared, port });
  const server = app.getHttpServer();
  const { port: taken } = server.address() as AddressInfo;
  const further = Array.from({ length: SOCKETS - 1 }, () => forwardTo(server));
  // Before they are open: the service may be stopped meanwhile.
  furtherSockets.set(server, further);
  await Promise.all(further.map((socket) => open(socket, { ...shared, port: taken })));
}

/**
 * Accepts no further connections, apart from those of the server's own socket.
 * @returns when the connections that were accepted have ended
 */
export async function closeFurtherSockets(server: HttpServer): Promise<void> {
  await Promise.all((furtherSockets.get(server) ?? []).map(close));
}

/**
 * Otherwise a process that shares its port would share it with this one as well, and the kernel would give each a part of the
 * connections. Two that start in the same millisecond both pass.
 */
async function assertUnused(host: string, port: number): Promise<void> {
  const socket = createServer();
  await open(socket, { host, port });
  await close(socket);
}

/** A server that hands its connections to another one, with the options that Node gives to those of HTTP. */
function forwardTo(server: HttpServer): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    server.emit('connection', socket);
  });
}

async function open(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
