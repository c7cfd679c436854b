import { GATEKEEPER_ROLE, TENANT_TABLES } from '@poc-tracker/tenancy';

/** A table with rows of a tenant, and who can delete them. */
export interface PurgedTable {
  name: string;
  /**
   * - `rows`: the operators' login itself;
   * - `trail`: a definer function, because the table is append-only for every login;
   * - `cascade`: nobody; its rows go with the tenant's own row.
   */
  how: 'rows' | 'trail' | 'cascade';
  /** Whether the operators' login can see what is left. */
  readable: boolean;
  /** The tenant tables that its rows point at, itself left out. */
  parents: string[];
}

/**
 * Holds ids and no other data, tells every process that the tenant is gone, and empties itself
 * within the hour: deleted with the tenant, it could not tell it.
 */
const PASSING_TABLE = 'revocation_events';

/** Every tenant table there is, out of the catalogue: one that is added later is purged as well. */
export const PURGED_TABLES = `
  SELECT t.oid::regclass::text AS name,
         CASE WHEN has_table_privilege(t.oid, 'DELETE') THEN 'rows'
              WHEN has_table_privilege('${GATEKEEPER_ROLE}', t.oid, 'DELETE') THEN 'trail'
              ELSE 'cascade' END AS how,
         has_column_privilege(t.oid, 'tenant_id', 'SELECT') AS readable,
         array(SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint k
                WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.confrelid <> t.oid) AS parents
    FROM ${TENANT_TABLES} t
   WHERE t.tenant_column = 'tenant_id' AND t.name <> '${PASSING_TABLE}'
   ORDER BY 1`;

/**
 * The tables in the order in which their rows can go: whatever points at others before them, and
 * the trails, which the deletions still write to, last.
 */
export function purgeOrder(tables: readonly PurgedTable[]): PurgedTable[] {
  const pending = tables.filter(({ how }) => how === 'rows');
  const ordered: PurgedTable[] = [];
  while (pending.length > 0) {
    const free = pending.findIndex(
      ({ name }) => !pending.some((other) => other.name !== name && other.parents.includes(name)),
    );
    // Tables that point at each other in a circle: their own rules for a deletion must settle it.
    ordered.push(...pending.splice(Math.max(free, 0), 1));
  }
  return [...ordered, ...tables.filter(({ how }) => how === 'trail')];
}
