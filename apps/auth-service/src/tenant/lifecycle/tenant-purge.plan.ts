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
