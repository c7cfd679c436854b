import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { HttpSettings } from '../settings/service-settings.js';

/**
 * Connections that wait to be accepted. Node accepts one in each turn of its event loop, and by default lets 511 wait. The kernel drops
 * those beyond, and their clients try again after a second, and again after three: a burst of clients would fail a health check.
 * The kernel may have a lower limit (`net.core.somaxconn` of Linux, 4096 by default).
 */
const BACKLOG = 4_096;

/** Starts to accept connections. */
export async function listen(
  app: NestFastifyApplication,
  { host, port }: Pick<HttpSettings, 'host' | 'port'>,
): Promise<void> {
  await app.listen({ host, port, backlog: BACKLOG });
}
