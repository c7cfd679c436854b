import type pg from 'pg';
import { TENANT_TABLES } from '@poc-tracker/tenancy';

export interface Column {
  name: string;
  type: string;
  required: boolean;
  /** A literal that the column's CHECK constraints name, when they do. */
  allowed: string | null;
  selectable: boolean;
  insertable: boolean;
  updatable: boolean;
}

export interface ForeignKey {
  name: string;
  parent: string;
  columns: string[];
  parentColumns: string[];
}

/** A tenant table as an attacker finds it in the catalogue, with what the service's login may do to it. */
export interface TenantTable {
  name: string;
  tenantColumn: string;
  key: string[];
  columns: Column[];
  foreignKeys: ForeignKey[];
  deletable: boolean;
}

const DISCOVER = `
  SELECT t.name, t.tenant_column AS "tenantColumn",
         has_table_privilege($1, t.oid, 'DELETE') AS deletable,
         array(SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey)
                WHERE i.indrelid = t.oid AND i.indisprimary ORDER BY array_position(i.indkey::int[], a.attnum::int)) AS key,
         (SELECT json_agg(json_build_object(
                   'name', a.attname,
                   'type', format_type(a.atttypid, NULL),
                   'required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
                   'allowed', (SELECT coalesce(
                                 substring(pg_get_constraintdef(k.oid) FROM 'ARRAY\\[''([^'']*)'''),
                                 substring(pg_get_constraintdef(k.oid) FROM '~~ ''([^'']*)%'''))
                                 FROM pg_constraint k
                                WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum] LIMIT 1),
                   'selectable', has_column_privilege($1, t.oid, a.attnum, 'SELECT'),
                   'insertable', has_column_privilege($1, t.oid, a.attnum, 'INSERT'),
                   'updatable', has_column_privilege($1, t.oid, a.attnum, 'UPDATE')) ORDER BY a.attnum)
            FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
         (SELECT coalesce(json_agg(json_build_object(
                   'name', k.conname,
                   'parent', k.confrelid::regclass::text,
                   'columns', array(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u (n, o)
                                      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = n ORDER BY o),
                   'parentColumns', array(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY u (n, o)
                                            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = n ORDER BY o))
                   ORDER BY k.conname), '[]')
            FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'f') AS "foreignKeys"
    FROM ${TENANT_TABLES} t`;

/** Every tenant table there is, parents first. `login` is whose rights are meant. */
export async function discoverTenantTables(
  admin: pg.Client,
  login: string,
): Promise<TenantTable[]> {
  const { rows } = await admin.query<TenantTable>(`${DISCOVER} ORDER BY 1`, [login]);
  const ordered: TenantTable[] = [];
  while (ordered.length < rows.length) {
    const placed = (name: string): boolean => ordered.some((table) => table.name === name);
    const next = rows.find(
      (table) =>
        !placed(table.name) &&
        table.foreignKeys.every(
          ({ parent }) =>
            parent === table.name || placed(parent) || !rows.some((row) => row.name === parent),
        ),
    );
    if (next === undefined) throw new Error('The foreign keys of the tenant tables form a circle.');
    ordered.push(next);
  }
  return ordered;
}
