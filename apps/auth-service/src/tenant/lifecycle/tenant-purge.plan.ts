import { GATEKEEPER_ROLE, TENANT_TABLES } from '@poc-tracker/tenancy';

/** A table with rows of a tenant, and how they are deleted. */
export interface PurgedTable {
  name: string;
  /**
   * - `rows`: by the operators' login;
   * - `function`: by a definer function, because the table is append-only for every login;
   * - `cascade`: with the row of the tenant.
   */
  how: 'rows' | 'function' | 'cascade';
  /** Whether the operators' login can read it, to check that no rows are left. */
  readable: boolean;
  /** The other tenant tables that it references. */
  parents: string[];
}

/**
 * Not purged: it contains only ids, tells every process that the tenant was deleted, and is pruned within the hour.
 */
const TRANSIENT_TABLE = 'revocation_events';

/** All tenant tables, from the catalogue of the database, so that a table that is added later is purged as well. */
export const PURGED_TABLES = `
  SELECT t.oid::regclass::text AS name,
         CASE WHEN has_table_privilege(t.oid, 'DELETE') THEN 'rows'
              WHEN has_table_privilege('${GATEKEEPER_ROLE}', t.oid, 'DELETE') THEN 'function'
              ELSE 'cascade' END AS how,
         has_column_privilege(t.oid, 'tenant_id', 'SELECT') AS readable,
         array(SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint k
                WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.confrelid <> t.oid) AS parents
    FROM ${TENANT_TABLES} t
   WHERE t.tenant_column = 'tenant_id' AND t.name <> '${TRANSIENT_TABLE}'
   ORDER BY 1`;

/**
 * The tables in the order in which their rows can be deleted: referencing tables before the tables that they reference, and
 * the audit tables last, because the deletions still write to them.
 */
export function purgeOrder(tables: readonly PurgedTable[]): PurgedTable[] {
  const pending = tables.filter(({ how }) => how === 'rows');
  const ordered: PurgedTable[] = [];
  while (pending.length > 0) {
    const free = pending.findIndex(
      ({ name }) => !pending.some((other) => other.name !== name && other.parents.includes(name)),
    );
    // For tables that reference each other the rules of their foreign keys decide.
    ordered.push(...pending.splice(Math.max(free, 0), 1));
  }
  return [...ordered, ...tables.filter(({ how }) => how === 'function')];
}
