import { PLATFORM_POOL_MAX } from './platform-database.js';
import type { TenancyOptions } from './tenancy.options.js';

/** Connections beside the pools: the revocation feed, health, and the event streams of the tracker. */
const DEDICATED = { service: 2, tracker: 3 } as const;

const AVAILABLE = `
  SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0) AS available`;

/** The connections that a process with these options opens at most. */
export function mostConnections({
  poolMax,
  platformUrl,
  login = 'service',
}: Pick<TenancyOptions, 'poolMax' | 'platformUrl' | 'login'>): number {
  return poolMax + (platformUrl === undefined ? 0 : PLATFORM_POOL_MAX) + DEDICATED[login];
}

/**
 * A warning if the server accepts fewer connections than this process may open. The connections of other processes are
 * not known here, and a pooler in front may need fewer than it accepts, so it is no error.
 */
export async function findConnectionShortage(
  query: (sql: string) => Promise<Record<string, unknown>[]>,
  options: Parameters<typeof mostConnections>[0],
): Promise<string | undefined> {
  const [row] = await query(AVAILABLE);
  const available = Number(row?.['available']);
  const needed = mostConnections(options);
  if (needed <= available) return undefined;
  return (
    `This process may open ${needed} connections to PostgreSQL, which accepts ${available} in all. ` +
    'Lower DB_POOL_MAX, or raise max_connections of the server.'
  );
}
