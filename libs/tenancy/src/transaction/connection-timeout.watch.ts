import type { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';

/** Bounds how late a dead connection is found. */
const MAX_INTERVAL_MS = 1_000;

/**
 * Destroys connections that are in use for too long: if the network drops packets, the errors of PostgreSQL's own timeouts
 * never arrive. It uses one timer for the pool, because pg's `query_timeout` creates one for every statement.
 */
export class ConnectionTimeoutWatch {
  private readonly since = new Map<PoolClient, number>();
  private readonly timer: NodeJS.Timeout;

  /** @param longestMs milliseconds for which a connection may be in use. */
  constructor(
    pool: Pool,
    private readonly longestMs: number,
  ) {
    pool.on('acquire', (client) => this.since.set(client, performance.now()));
    pool.on('release', (_error, client) => this.since.delete(client));
    pool.on('remove', (client) => this.since.delete(client));
    this.timer = setInterval(() => this.destroyOverdue(), Math.min(longestMs / 4, MAX_INTERVAL_MS));
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private destroyOverdue(): void {
    const oldest = performance.now() - this.longestMs;
    for (const [client, since] of this.since) {
      if (since < oldest)
        socketOf(client).destroy(new Error('Connection terminated: it was in use for too long'));
    }
  }
}

/** pg has no public method that closes a connection without waiting for the server. */
function socketOf(client: PoolClient): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
