/** Functions of large objects that the login may execute. lo_creat, lo_create and lo_from_bytea create one. */
const EXECUTABLE = `
  SELECT session_user::text AS login, string_agg(oid::regprocedure::text, ', ' ORDER BY oid::regprocedure::text) AS functions
    FROM pg_proc
   WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(lo_|loread$|lowrite$)'
     AND has_function_privilege(session_user, oid, 'EXECUTE')`;

/**
 * A warning if the login may use large objects. They are shared by all tenants, no policy protects them and no limit counts
 * them. It is no error, because only a superuser can revoke these functions, and managed servers do not give you that role.
 */
export async function findLargeObjects(
  query: (sql: string) => Promise<Record<string, unknown>[]>,
): Promise<string | undefined> {
  const [row] = await query(EXECUTABLE);
  const functions = row?.['functions'];
  if (typeof functions !== 'string') return undefined;
  return (
    `${String(row?.['login'])} may store large objects, which no policy protects and no limit counts. ` +
    `As a superuser, run in this database: REVOKE EXECUTE ON FUNCTION ${functions} FROM PUBLIC`
  );
}
