import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Requirement } from './requirement.js';
import { connected, rolledBack } from '../sessions.js';
import type { World } from '../world.js';

/** Public by their nature: the addresses under which the world finds a tenant. */
const PUBLIC_ADDRESSES = [
  'tenants_pkey',
  'tenants_subdomain_key',
  'tenants_custom_domain_key',
  'tenant_domains_verified_key',
  // There is one reserved tenant, and everybody knows it.
  'tenants_platform_key',
];

/** The statements that requests spend their time in; none names the tenant, the policy does. */
const HOT_STATEMENTS: [table: string, sql: string][] = [
  ['users', `SELECT id FROM users WHERE id = '00000000-0000-7000-8000-000000000000'`],
  ['users', `SELECT id FROM users WHERE email = 'somebody@example.com'`],
  ['users', 'SELECT id FROM users ORDER BY id LIMIT 20'],
  ['users', `SELECT id FROM users WHERE email ILIKE 'some%'`],
  [
    'users',
    `UPDATE users SET login_count = login_count + 1 WHERE id = '00000000-0000-7000-8000-000000000000'`,
  ],
  [
    'user_sessions',
    `SELECT id FROM user_sessions WHERE user_id = '00000000-0000-7000-8000-000000000000'`,
  ],
  [
    'user_sessions',
    `UPDATE user_sessions SET generation = generation + 1 WHERE refresh_token_hash = '\\x00' AND is_active`,
  ],
  ['tenant_settings', `SELECT setting_value FROM tenant_settings WHERE setting_key = 'security'`],
  ['tenants', 'SELECT name FROM tenants'],
  ['audit_log', 'SELECT id FROM audit_log ORDER BY id DESC LIMIT 20'],
];

/** Weaknesses that the system catalog or a query plan shows. */
export const schemaRequirements: Requirement[] = [
  {
    id: 'R13',
    attempt: "unique indexes that do not start with the tenant and so tell of other tenants' rows",
    run: async (world) => {
      const found = await catalogue(
        world,
        `SELECT i.indexrelid::regclass::text FROM pg_index i
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
          WHERE i.indrelid = ANY ($1::regclass[]) AND i.indisunique AND a.attname <> 'tenant_id'
          UNION ALL
         SELECT indexrelid::regclass::text FROM pg_index
          WHERE indrelid = ANY ($1::regclass[]) AND indisunique AND indkey[0] = 0`,
      );
      const unexpected = found.filter((index) => !PUBLIC_ADDRESSES.includes(index));
      return {
        passed: unexpected.length === 0,
        result: unexpected.join(', ') || 'only the public addresses of tenants',
      };
    },
  },
  {
    id: 'R14',
    attempt: 'foreign keys between tenant tables that do not carry the tenant',
    run: async (world) => {
      const found = await catalogue(
        world,
        `SELECT k.conname::text FROM pg_constraint k
          WHERE k.contype = 'f' AND k.conrelid = ANY ($1::regclass[]) AND k.confrelid = ANY ($1::regclass[])
            AND NOT EXISTS (
              SELECT FROM unnest(k.conkey, k.confkey) u (own, referred)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = own AND a.attname = 'tenant_id'
                JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = referred
                 AND b.attname = CASE k.confrelid WHEN 'tenants'::regclass THEN 'id' ELSE 'tenant_id' END)`,
      );
      return { passed: found.length === 0, result: found.join(', ') || 'none' };
    },
  },
  {
    id: 'R15',
    attempt: 'counters that would tell one tenant how much the others do',
    run: async (world) => {
      const found = await catalogue(
        world,
        `SELECT format('%s.%s', a.attrelid::regclass, a.attname) FROM pg_attribute a
           LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE a.attrelid = ANY ($1::regclass[]) AND a.attnum > 0
            AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%')`,
      );
      return {
        passed: found.length === 0,
        result: found.join(', ') || 'none: ids are UUID version 7',
      };
    },
  },
  {
    id: 'R16',
    attempt: 'partitions and children of tenant tables without policies of their own',
    run: async (world) => {
      const found = await catalogue(
        world,
        `SELECT c.oid::regclass::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = ANY ($1::regclass[]) AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`,
      );
      return { passed: found.length === 0, result: found.join(', ') || 'none' };
    },
  },
  {
    id: 'R19, R20',
    attempt: 'the plans of the hot statements under the policies',
    run: (world) =>
      connected(world.database.serviceUrl, (client) =>
        rolledBack(client, world.victim, async () => {
          // The tables of this database are too small for an index to pay; what is asked is whether it could be used.
          await client.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
          const without: string[] = [];
          for (const [table, sql] of HOT_STATEMENTS) {
            const { rows } = await client.query<Record<string, string>>(
              `EXPLAIN (COSTS off) ${sql}`,
            );
            const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
            const column = table === 'tenants' ? 'id' : 'tenant_id';
            if (!new RegExp(`Index Cond: \\(+${column} = `).test(plan)) without.push(sql);
          }
          return {
            passed: without.length === 0,
            result:
              without.join('; ') ||
              `the tenant is the first condition of the index in all ${HOT_STATEMENTS.length}`,
          };
        }),
      ),
  },
  {
    id: 'R4',
    attempt: 'the sources are searched for settings that outlive their transaction',
    run: () => searched(/set_config\([^)]*,\s*false\s*\)|\bSET\s+(SESSION\s+)?app\./i),
  },
  {
    id: 'R26',
    attempt: 'the sources are searched for locks that outlive their transaction',
    run: () => searched(/pg_(try_)?advisory_lock/i),
  },
  {
    id: 'audit',
    attempt: 'password and token hashes are looked for in the audit log of their rows',
    run: async ({ admin, victim }) => {
      const secrets = [
        victim.rows['user_sessions']?.['refresh_token_hash'],
        victim.rows['invites']?.['token_hash'],
      ]
        .map((hash) => (Buffer.isBuffer(hash) ? hash.toString('hex') : ''))
        .concat('$argon2id$');
      const { rows } = await admin.query<{ entries: string }>(
        `SELECT coalesce(string_agg(concat(old_data, new_data), ''), '') AS entries FROM audit_log WHERE tenant_id = $1`,
        [victim.id],
      );
      const entries = rows[0]?.entries ?? '';
      const found = secrets.filter((secret) => secret === '' || entries.includes(secret)).length;
      return { passed: found === 0 && entries.length > 0, result: `${found} found` };
    },
  },
];

const ROOT = join(import.meta.dirname, '../../..');

async function searched(pattern: RegExp): Promise<{ passed: boolean; result: string }> {
  const files = ['apps', 'libs'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  );
  const sources = files.filter(
    (file) => /(?<!\.spec|\.d)\.ts$/.test(file) && !/\b(node_modules|dist)\b/.test(file),
  );
  const found: string[] = [];
  for (const file of sources) {
    if (pattern.test(await readFile(join(ROOT, file), 'utf8'))) found.push(file);
  }
  return {
    passed: found.length === 0 && sources.length > 0,
    result: found.join(', ') || `none in ${sources.length} files`,
  };
}

async function catalogue({ admin, tables }: World, sql: string): Promise<string[]> {
  const { rows } = await admin.query<string[]>({
    text: sql,
    values: [tables.map((table) => table.name)],
    rowMode: 'array',
  });
  return rows.map(([name]) => String(name));
}
