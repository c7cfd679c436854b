import type { PoolClient } from 'pg';

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

/** Prepares a new connection of a pool. */
export async function pinSettings(client: Pick<PoolClient, 'query'>): Promise<void> {
  await client.query(SETTINGS);
}
