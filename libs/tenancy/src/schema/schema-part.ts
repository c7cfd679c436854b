/** One subject of a migration: the statements that create it, in order, and the statements that remove it. */
export interface SchemaPart {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** What a migration runs its statements on. */
interface Runner {
  query(sql: string): Promise<unknown>;
}

/** Creates the parts of a migration, in order. */
export async function createParts(runner: Runner, parts: readonly SchemaPart[]): Promise<void> {
  for (const { up } of parts) await runner.query(up.join(';\n'));
}

/** Removes the parts of a migration, the last one first. Refuses while one of their tables has a row. */
export async function removeParts(runner: Runner, parts: readonly SchemaPart[]): Promise<void> {
  const statements = [...parts].reverse().map(({ down }) => down.join(';\n'));
  await runner.query(statements.flatMap(droppedTables).map(refuseToLoseRows).join(';\n'));
  for (const sql of statements) await runner.query(sql);
}

/**
 * Statement that fails while the table has rows, for a migration that drops it: rows that are gone cannot be brought back by
 * migrating again. Forced row-level security would hide the rows from the owner. The transaction of the migration ends with
 * the table dropped, or with its protection as it was.
 */
export function refuseToLoseRows(table: string): string {
  return `
  ALTER TABLE public.${table} NO FORCE ROW LEVEL SECURITY;
  DO $$ BEGIN
    IF EXISTS (SELECT FROM public.${table}) THEN
      RAISE EXCEPTION 'reverting this migration would delete the rows of table ${table}' USING
        ERRCODE = 'object_in_use', HINT = 'Back up the rows and delete them first.';
    END IF;
  END $$`;
}

/** Statements that drop the triggers which these statements create, in the same order. */
export function dropTriggers(created: string): string[] {
  return [...created.matchAll(/CREATE TRIGGER (\w+)[^;]*? ON public\.(\w+)/g)].map(
    ([, trigger, table]) => `DROP TRIGGER ${trigger} ON public.${table}`,
  );
}

function droppedTables(sql: string): string[] {
  return [...sql.matchAll(/DROP TABLE public\.(\w+)/g)].map(([, table]) => table ?? '');
}
