/** Runs one statement and returns its rows. */
export type Query = (sql: string) => Promise<Record<string, unknown>[]>;

/*
 * Each query returns rows (subject, statement) in reading order. What depends on the server and not on the migrations is
 * left out: object ids, the owner's name and rights, and the NOT NULL constraints that PostgreSQL lists from 18 on.
 */
const APPLICATION_SCHEMAS = `(SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')`;

/** TypeORM's own tables do not come from the migrations. */
const TABLES = `(
  SELECT c.oid, c.oid::regclass::text AS name, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity
    FROM pg_class c
   WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ${APPLICATION_SCHEMAS} AND c.relname <> 'migrations')`;

const ROLE = `CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END`;

const TABLE_STATEMENTS = [
  `SELECT t.name, format(E'CREATE TABLE %s (\\n%s\\n)', t.name, string_agg('  ' || line, E',\\n' ORDER BY kind, position, line))
     FROM ${TABLES} t, LATERAL (
       SELECT 1 AS kind, a.attnum AS position, concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                CASE WHEN a.attgenerated <> '' THEN format('GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, t.oid))
                     WHEN a.attidentity <> '' THEN 'GENERATED AS IDENTITY'
                     WHEN d.adbin IS NOT NULL THEN 'DEFAULT ' || pg_get_expr(d.adbin, t.oid) END) AS line
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
       UNION ALL
       SELECT 2, CASE contype WHEN 'p' THEN 1 WHEN 'u' THEN 2 WHEN 'f' THEN 3 ELSE 4 END,
              format('CONSTRAINT %I %s', conname, pg_get_constraintdef(k.oid))
         FROM pg_constraint k WHERE k.conrelid = t.oid AND contype <> 'n' AND contype <> 't') lines
    GROUP BY t.name`,

  `SELECT t.name, pg_get_indexdef(i.indexrelid)
     FROM ${TABLES} t JOIN pg_index i ON i.indrelid = t.oid
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = t.oid)
    ORDER BY i.indexrelid::regclass::text`,

  `SELECT t.name, format('ALTER TABLE %s %s ROW LEVEL SECURITY', t.name, verb)
     FROM ${TABLES} t, (VALUES (1, 'ENABLE'), (2, 'FORCE')) verbs (position, verb)
    WHERE CASE verb WHEN 'ENABLE' THEN relrowsecurity ELSE relforcerowsecurity END
    ORDER BY position`,

  `SELECT t.name, concat_ws(E'\\n  ',
            format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.policyname, t.name, p.permissive, p.cmd,
              (SELECT string_agg(role::text, ', ' ORDER BY role) FROM unnest(p.roles) role)),
            'USING (' || qual || ')', 'WITH CHECK (' || with_check || ')')
     FROM ${TABLES} t JOIN pg_policies p ON format('%I.%I', p.schemaname, p.tablename)::regclass = t.oid
    ORDER BY p.permissive DESC, array_position(ARRAY['ALL', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'], p.cmd), p.policyname`,

  `SELECT t.name, pg_get_triggerdef(g.oid)
          || CASE g.tgenabled WHEN 'O' THEN '' ELSE ' -- enabled: ' || g.tgenabled::text END
     FROM ${TABLES} t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal ORDER BY g.tgname`,

  `SELECT t.name, format('GRANT %s ON %s TO %s', string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), t.name, ${ROLE})
          || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
     FROM ${TABLES} t, aclexplode(t.relacl) g WHERE g.grantee <> t.relowner
    GROUP BY t.name, g.grantee, g.is_grantable ORDER BY ${ROLE}`,

  `SELECT t.name, format('GRANT %s (%s) ON %s TO %s', g.privilege_type,
            string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), t.name, ${ROLE})
     FROM ${TABLES} t JOIN pg_attribute a ON a.attrelid = t.oid, aclexplode(a.attacl) g WHERE NOT a.attisdropped
    GROUP BY t.name, g.grantee, g.privilege_type ORDER BY ${ROLE}, g.privilege_type`,
];

const OTHER_STATEMENTS = [
  `SELECT format('GRANT %s ON SCHEMA %s TO %s', string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), n.nspname, ${ROLE})
     FROM pg_namespace n, aclexplode(n.nspacl) g WHERE n.oid IN ${APPLICATION_SCHEMAS} AND g.grantee <> n.nspowner
    GROUP BY n.nspname, g.grantee ORDER BY n.nspname, ${ROLE}`,

  `SELECT format('GRANT %s ON DATABASE TO PUBLIC', string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type))
     FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) g
    WHERE d.datname = current_database() AND g.grantee = 0 HAVING count(*) > 0`,

  `SELECT format('CREATE TYPE %s AS ENUM (%s)', t.oid::regtype, string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder))
     FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace IN ${APPLICATION_SCHEMAS}
    GROUP BY t.oid ORDER BY t.oid::regtype::text`,

  `SELECT format(E'CREATE %s %s WITH (%s) AS\\n%s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END,
            c.oid::regclass, array_to_string(c.reloptions, ', '), rtrim(pg_get_viewdef(c.oid, true), ';'))
     FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.relnamespace IN ${APPLICATION_SCHEMAS}
    ORDER BY c.oid::regclass::text`,
];

const FUNCTION_STATEMENTS = [
  `SELECT p.oid::regprocedure::text, rtrim(pg_get_functiondef(p.oid), E'\\n')
     FROM pg_proc p WHERE p.pronamespace IN ${APPLICATION_SCHEMAS} AND p.prokind IN ('f', 'p')`,

  `SELECT p.oid::regprocedure::text, format('ALTER FUNCTION %s OWNER TO %s', p.oid::regprocedure, p.proowner::regrole)
     FROM pg_proc p JOIN pg_database d ON d.datname = current_database()
    WHERE p.pronamespace IN ${APPLICATION_SCHEMAS} AND p.proowner <> d.datdba`,

  `SELECT p.oid::regprocedure::text, format('GRANT %s ON FUNCTION %s TO %s', g.privilege_type, p.oid::regprocedure, ${ROLE})
     FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
    WHERE p.pronamespace IN ${APPLICATION_SCHEMAS} AND g.grantee <> p.proowner ORDER BY ${ROLE}`,
];

/**
 * Describes the schema in the catalogue (tables, constraints, indexes, policies, triggers, grants and function bodies) as
 * text. Equal schemas give equal text, however they were created.
 */
export async function describeSchema(query: Query): Promise<string> {
  const sections: string[] = [];
  for (const sql of OTHER_STATEMENTS) {
    for (const row of await query(sql)) sections.push(`${String(Object.values(row)[0])};\n`);
  }
  sections.push(
    ...(await bySubject(query, FUNCTION_STATEMENTS)),
    ...(await bySubject(query, TABLE_STATEMENTS)),
  );
  return sections.join('\n');
}

/** One block of text per table or function: its statements, in the order of the queries. */
async function bySubject(query: Query, statements: readonly string[]): Promise<string[]> {
  const blocks = new Map<string, string[]>();
  for (const sql of statements) {
    for (const row of await query(sql)) {
      const [subject, statement] = Object.values(row).map(String) as [string, string];
      blocks.set(subject, [...(blocks.get(subject) ?? []), `${statement};`]);
    }
  }
  return [...blocks.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, lines]) => `${lines.join('\n')}\n`);
}
