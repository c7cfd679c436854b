/**
 * Measures the hottest queries at 1,000 and at 1,000,000 users with the service's login, and checks that their plans have
 * what keeps them fast at any size: an index condition on tenant_id.
 *
 *     npm run bench:queries                    both sizes, on a PostgreSQL of its own
 *     npm run bench:queries -- --users 50000   the larger size
 */
import { parseArgs } from 'node:util';
import { createTestDatabase, TestCluster } from '@poc-tracker/testing';
import pg from 'pg';
import { runCli } from '../../tools/cli/program.js';
import { runMigrations } from '../../apps/auth-service/src/migrations/run-migrations.js';
import { HOT_QUERIES, type HotQuery, type Subject } from './hot-query.list.js';
import { type Access, accessesOf, PlanWatch } from './query-plans.js';

const RUNS = 200;

/**
 * What the seed lacks: custom roles, limits that were reached, an audit log of the largest tenants, and 15 minutes of
 * revocation events.
 */
const PAST = `
  INSERT INTO tenant_roles (tenant_id, name, name_key) SELECT id, 'Guest', 'guest' FROM tenants;
  INSERT INTO usage_events (tenant_id, resource, level, used, allowed)
  SELECT id, 'users', level, 8, 10 FROM tenants, (VALUES ('warning'), ('reached')) AS l (level);
  INSERT INTO audit_log (tenant_id, table_name, operation, new_data)
  SELECT t.id, 'users', 'UPDATE', '{"first_name": "Ana"}'
    FROM (SELECT id FROM tenants ORDER BY id LIMIT 5) t, generate_series(1, 20000);
  INSERT INTO security_events (tenant_id, type, result, actor_kind)
  SELECT t.id, 'login.succeeded', 'success', 'user'
    FROM (SELECT id FROM tenants ORDER BY id LIMIT 5) t, generate_series(1, 20000);
  INSERT INTO audit_chain (tenant_id, position, entry_table, entry_id, entry_hash, previous_hash, hash, chained_at)
  SELECT tenant_id, row_number() OVER (PARTITION BY tenant_id ORDER BY id), 'audit_log', id, sha256('entry'),
         sha256('previous'), sha256(uuid_send(id)), now()
    FROM audit_log;
  INSERT INTO revocation_events (tenant_id, kind, subject_id)
  SELECT t.id, 'session', uuid_v7() FROM (SELECT id FROM tenants ORDER BY id LIMIT 5) t, generate_series(1, 4000)`;

interface Measured {
  query: HotQuery;
  medianMs: number;
  accesses: Access[];
}

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '1000000' },
    tenants: { type: 'string', default: '10000' },
  },
});

const cluster = await TestCluster.start((migrationUrl) => runMigrations(migrationUrl, false));
try {
  await measureSize(10, 1_000);
  const large = await measureSize(Number(values.tenants), Number(values.users));
  // A query without a plan proves nothing.
  const unseen = large.filter(({ accesses }) => accesses.length === 0);
  for (const { query } of unseen) process.stdout.write(`NO PLAN: "${query.name}"\n`);
  const unbound = large.flatMap(({ query, accesses }) =>
    accesses.filter((access) => !isBound(query, access)).map((access) => ({ query, access })),
  );
  for (const { query, access } of unbound) {
    process.stdout.write(
      `NOT BOUND: "${query.name}" reads ${access.table} by ${access.how} (${access.condition ?? 'no condition'})\n`,
    );
  }
  process.exitCode = unbound.length + unseen.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
}

async function measureSize(tenants: number, users: number): Promise<Measured[]> {
  const urls = await createTestDatabase(cluster.access);
  const started = performance.now();
  const code = await runCli(
    ['seed', '--tenants', String(tenants), '--users', String(users), '--sessions'],
    {
      env: { MIGRATION_DATABASE_URL: urls.migrationUrl },
      stdout: () => undefined,
      stderr: (text) => void process.stderr.write(text),
    },
  );
  if (code !== 0) throw new Error('The database could not be seeded.');
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  process.stdout.write(`\n${users} users in ${tenants} tenants, seeded in ${seconds} s\n`);
  const admin = new pg.Client({ connectionString: urls.adminUrl });
  await admin.connect();
  try {
    await admin.query(PAST);
    // As in any database after some minutes: the visibility map exists.
    await admin.query('VACUUM ANALYZE');
    const subjects = await chooseSubjects(admin);
    const measured: Measured[] = [];
    const watch = await PlanWatch.on(admin);
    const { username } = new URL(urls.serviceUrl);
    await admin.query(`GRANT SET ON PARAMETER auto_explain.log_min_duration TO ${username}`);
    await admin.query(`SET SESSION AUTHORIZATION ${username}`);
    for (const query of HOT_QUERIES) measured.push(await measure(admin, watch, query, subjects));
    print(measured);
    return measured;
  } finally {
    await admin.end();
  }
}

/** Users of the largest tenants and of small ones. */
async function chooseSubjects(admin: pg.Client): Promise<Subject[]> {
  const { rows } = await admin.query<Subject>(`
    SELECT t.id AS "tenantId", t.subdomain, a.id AS "adminId", p.id AS "userId", p.email,
           s.id AS "sessionId", s.refresh_token_hash AS "tokenHash"
      FROM (SELECT id, subdomain FROM tenants ORDER BY id LIMIT 5) t
     CROSS JOIN LATERAL (SELECT id FROM users WHERE tenant_id = t.id AND role = 'admin' LIMIT 1) a
     CROSS JOIN LATERAL (SELECT * FROM users WHERE tenant_id = t.id AND status = 'active' ORDER BY email LIMIT 10) p
     CROSS JOIN LATERAL (SELECT * FROM user_sessions WHERE tenant_id = t.id AND user_id = p.id LIMIT 1) s`);
  const position = await admin.query<{ cursor: string }>(
    'SELECT next_cursor AS cursor FROM revocations_since($1)',
    [''],
  );
  const cursor = position.rows[0]?.cursor ?? '';
  return rows.map((row) => ({ ...row, cursor }));
}

async function measure(
  client: pg.Client,
  watch: PlanWatch,
  query: HotQuery,
  subjects: readonly Subject[],
): Promise<Measured> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const subject = subjects[run % subjects.length];
    if (subject === undefined) throw new Error('No users were seeded.');
    times.push(await once(client, query, subject));
  }
  const [first] = subjects;
  if (first === undefined) throw new Error('No users were seeded.');
  const plans = await watch.during(() => once(client, query, first));
  times.sort((a, b) => a - b);
  const accesses = accessesOf(plans);
  return { query, medianMs: times[RUNS / 2] ?? 0, accesses };
}

/** Runs a query as the service does, prepared, in a transaction that is rolled back. */
async function once(client: pg.Client, query: HotQuery, subject: Subject): Promise<number> {
  await client.query('BEGIN');
  try {
    if (query.outside !== true) {
      const context = [subject.tenantId, subject.adminId, 'admin'];
      await client.query('SELECT set_user_context($1, $2, $3)', context);
    }
    const started = performance.now();
    if (query.before !== undefined) await client.query(query.before);
    await client.query({ name: query.name, text: query.sql, values: query.params(subject) });
    return performance.now() - started;
  } finally {
    await client.query('ROLLBACK');
  }
}

/** A tenant table must be read by an index condition on the tenant. */
function isBound({ key }: HotQuery, { table, condition }: Access): boolean {
  const expected = key ?? (table === 'tenants' ? /\bid\b/ : /\btenant_id\b/);
  return condition !== null && expected.test(condition);
}

function print(measured: readonly Measured[]): void {
  for (const { query, medianMs, accesses } of measured) {
    process.stdout.write(`${query.name.padEnd(30)} ${medianMs.toFixed(2).padStart(8)} ms\n`);
    for (const { table, how, index, condition } of accesses)
      process.stdout.write(`    ${table}: ${how} ${index ?? ''} ${condition ?? ''}\n`);
  }
}
