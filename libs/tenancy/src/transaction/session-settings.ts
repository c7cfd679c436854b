import type { PoolClient } from 'pg';

/**
 * How long a statement waits for a lock. A request that waits for another one uses a connection meanwhile, so it is soon
 * refused with SERVICE_BUSY instead. It is shorter than the timeout of a request, whose error would not name the reason.
 */
const LOCK_TIMEOUT = '2s';

/**
 * What the meaning of statements and of their results depends on. A login may change its own defaults (ALTER ROLE … SET), and
 * these would last, so every connection states them.
 */
const SETTINGS = `
  SET ROLE NONE;
  SET search_path = public;
  SET row_security = on;
  SET default_transaction_isolation = 'read committed';
  SET standard_conforming_strings = on;
  SET bytea_output = hex;
  SET DateStyle = 'ISO, MDY';
  SET IntervalStyle = postgres;
  SET TimeZone = 'UTC'` as const;

/**
 * BEGIN with the same settings for the transaction. A pooler runs the next transaction on another of the server's
 * connections, on which another client may have changed them. On a direct connection they would cost time for nothing.
 */
export const BEGIN_PINNED = `
  BEGIN ISOLATION LEVEL READ COMMITTED;
  SET LOCAL ROLE NONE;
  SET LOCAL search_path = public;
  SET LOCAL row_security = on;
  SET LOCAL standard_conforming_strings = on;
  SET LOCAL bytea_output = hex;
  SET LOCAL DateStyle = 'ISO, MDY';
  SET LOCAL IntervalStyle = postgres;
  SET LOCAL TimeZone = 'UTC'` as const;

/** BEGIN_PINNED for requests, which share the connections of a pool. */
export const BEGIN_PINNED_FOR_REQUEST =
  `${BEGIN_PINNED}; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'` as const;

/** Prepares a new connection. */
export async function pinSettings(client: Pick<PoolClient, 'query'>): Promise<void> {
  await client.query(SETTINGS);
}

/** Prepares a new connection of a pool, which requests share. */
export async function pinPoolSettings(client: Pick<PoolClient, 'query'>): Promise<void> {
  await client.query(`${SETTINGS}; SET lock_timeout = '${LOCK_TIMEOUT}'`);
}
