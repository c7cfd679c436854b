import type { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';

/** Each look costs next to nothing, and a dead connection is found at most this much late. */
const LONGEST_INTERVAL_MS = 1_000;

/**
 * Cuts connections that are in use for longer than any use may last: where a network swallows packets, PostgreSQL's own
 * time-outs never arrive. One timer for the pool, because pg's `query_timeout` costs one for every statement.
 */
export class HeldConnectionsWatch {
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
    this.timer = setInterval(() => this.cutOverdue(), Math.min(longestMs / 4, LONGEST_INTERVAL_MS));
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private cutOverdue(): void {
    const oldest = performance.now() - this.longestMs;
    for (const [client, since] of this.since) {
      if (since < oldest)
        socketOf(client).destroy(new Error('Connection terminated: it was in use for too long'));
    }
  }
}

/** pg has no public way to end a connection without waiting for an answer that will not come. */
function socketOf(client: PoolClient): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
