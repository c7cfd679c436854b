import type { RedisOptions } from 'ioredis';

/** A host that drops packets would hold an attempt for minutes, and no other would be made. */
const CONNECT_TIMEOUT_MS = 2_000;

/** After a long outage, each process would wait ever longer before it uses Redis again. */
const MAX_RECONNECT_DELAY_MS = 2_000;

/** For `socketTimeout`. A connection without an answer for so long is closed: the network may have dropped it silently. */
export const SILENCE_MS = 2_000;

/**
 * Options of a connection to a Redis that is an accelerator only: it connects in the background, and while it is lost,
 * commands fail at once instead of being queued.
 * @param name of the connection, in the server's list of clients
 */
export function connectionOptions(name: string) {
  return {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectionName: name,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
  } satisfies RedisOptions;
}
