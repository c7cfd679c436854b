import type { PoolClient } from 'pg';

/**
 * What the meaning of statements and of their results depends on. A login may change its own defaults (ALTER ROLE … SET), and
 * these would last, so every connection states them. A pooler may hand the settings of one client to the next, which is
 * harmless because all of them state the same.
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
  SET TimeZone = 'UTC'`;

/** Prepares a new connection of a pool. */
export async function pinSettings(client: Pick<PoolClient, 'query'>): Promise<void> {
  await client.query(SETTINGS);
}
