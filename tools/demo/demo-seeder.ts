import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { insertTenant } from '../../apps/auth-service/src/tenant/new-tenant.js';
import { inBatches, planTenants, type SeededTenant } from './seed-plan.js';

export interface SeedOrder {
  /** Names what belongs together: the same order under the same label is carried on, not repeated. */
  label: string;
  tenants: number;
  users: number;
  /** Whether everybody who is active has an open session. */
  sessions: boolean;
  /** The one hash of everybody's password: as many hashes would take days. */
  passwordHash: string;
}

export interface SeedProgress {
  tenants: number;
  users: number;
}

/** People a transaction: a few seconds of work, which is what a run that was killed has to do again. */
const BATCH_PEOPLE = 20_000;

/** Longer than any request holds a table. */
const LOCK_TIMEOUT = "SET LOCAL lock_timeout = '60s'";

const TABLES = ['tenants', 'tenant_settings', 'tenant_usage', 'users', 'user_sessions'];

const ANALYZE =
  'ANALYZE public.tenants, public.tenant_settings, public.tenant_usage, public.users, public.user_sessions';

const FIRST_NAMES = [
  'Ana',
  'João',
  'Maria',
  'José',
  'Beatriz',
  'Lucas',
  'Júlia',
  'Pedro',
  'Larissa',
  'Mateus',
  'Camila',
  'Gabriel',
  'Fernanda',
  'Rafael',
  'Letícia',
  'Thiago',
  'Mariana',
  'Bruno',
  'Isabela',
  'Felipe',
  'Luíza',
  'Gustavo',
  'Helena',
  'Caio',
  'Sofia',
  'Diego',
  'Alice',
  'Renato',
  'Clara',
  'Marcelo',
  'Laura',
  'Vinícius',
];
const LAST_NAMES = [
  'Silva',
  'Santos',
  'Oliveira',
  'Souza',
  'Pereira',
  'Costa',
  'Rodrigues',
  'Almeida',
  'Nascimento',
  'Lima',
  'Araújo',
  'Fernandes',
  'Carvalho',
  'Gomes',
  'Martins',
  'Rocha',
  'Ribeiro',
  'Alves',
  'Monteiro',
  'Mendes',
  'Barros',
  'Freitas',
  'Barbosa',
  'Pinto',
  'Moura',
  'Cavalcanti',
  'Dias',
  'Castro',
  'Campos',
  'Cardoso',
  'Teixeira',
];

/** The owner sees no row under FORCE; within this transaction, and nobody else meanwhile, it does. */
const OPEN = TABLES.map(
  (table) =>
    `ALTER TABLE public.${table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE public.${table} DISABLE TRIGGER USER`,
).join('; ');
const CLOSE = TABLES.map(
  (table) =>
    `ALTER TABLE public.${table} ENABLE TRIGGER USER; ALTER TABLE public.${table} FORCE ROW LEVEL SECURITY`,
).join('; ');

const OPEN_TENANTS = 'ALTER TABLE public.tenants NO FORCE ROW LEVEL SECURITY';

/** So that a refused command holds up nobody for longer. */
const LOOK_TIMEOUT = "SET LOCAL lock_timeout = '2s'";

/* The operators' own tenant is nobody's work. */
const OTHER = `
  SELECT subdomain FROM public.tenants WHERE NOT is_platform AND subdomain !~ ('^' || $1 || '-[0-9]+$') LIMIT 1`;

/* The tables are locked, so that nobody adds one of them in the meantime. */
const MISSING = `
  SELECT w.id FROM unnest($1::uuid[], $2::text[]) AS w (id, subdomain)
   WHERE NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = w.id OR t.subdomain = w.subdomain)`;

/* Room for more users, an age, and the count that the trigger would have kept. */
const COMPLETE_TENANTS = `
  WITH wanted AS (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[]) AS w (id, index, users, max_users)
  ), completed AS (
    UPDATE public.tenants t
       SET max_users = w.max_users, created_at = now() - (w.index % 700) * interval '1 day'
      FROM wanted w WHERE t.id = w.id
  )
  INSERT INTO public.tenant_usage (tenant_id, user_count) SELECT id, users FROM wanted`;

/*
 * The first person of each tenant is its admin; everybody else has the role, state and past of a made-up life. Ids are
 * version 7 (RFC 9562): their time goes up from person to person, as it does for rows that come one by one.
 */
const ADD_PEOPLE = `
  INSERT INTO public.users (tenant_id, id, email, password_hash, email_verified_at, first_name, last_name, role, status,
                            last_login_at, login_count, created_at)
  SELECT t.id,
         (lpad(to_hex(1700000000000 + t.index * 1000000::bigint + i), 12, '0') || '7' || substr(h, 1, 3) || 'a'
           || substr(h, 4, 15))::uuid,
         CASE WHEN i = 1 THEN 'admin'
              ELSE translate(lower(first_name || '.' || last_name), 'áâãéêíóôõúüç', 'aaaeeiooouuc') || '.' || i
         END || '@' || t.subdomain || '.example',
         $5, now(), first_name, last_name,
         CASE WHEN i = 1 THEN 'admin' WHEN i % 40 = 2 THEN 'manager' WHEN i % 9 = 5 THEN 'viewer' ELSE 'user' END,
         CASE WHEN i > 1 AND i % 43 = 0 THEN 'inactive' WHEN i > 1 AND i % 97 = 0 THEN 'suspended' ELSE 'active' END,
         CASE WHEN i % 5 > 0 THEN now() - (i % 90) * interval '1 day' END,
         CASE WHEN i % 5 > 0 THEN i % 300 ELSE 0 END,
         now() - (i % 600) * interval '1 day'
    FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[]) AS t (id, index, subdomain, users)
   CROSS JOIN LATERAL generate_series(1, t.users) AS i
   CROSS JOIN LATERAL (SELECT md5(t.id::text || i) AS h,
                              ($6::text[])[1 + (i + t.index) % cardinality($6::text[])] AS first_name,
                              ($7::text[])[1 + (i / 7 + t.index) % cardinality($7::text[])] AS last_name) AS made`;

const ADD_SESSIONS = `
  INSERT INTO public.user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, ip_address, user_agent,
                                    expires_at)
  SELECT u.tenant_id, u.id, sha256(uuid_send(gen_random_uuid())), uuid_send(gen_random_uuid()),
         '203.0.113.0'::inet + (random() * 255)::int, 'demo', now() + interval '24 hours'
    FROM public.users u WHERE u.tenant_id = ANY ($1::uuid[]) AND u.status = 'active'`;

/**
 * Loads demo tenants and people on the owner's connection. Triggers are off while a batch is written, which would
 * otherwise count each person one by one and write each into the audit trail: the counts are written with the tenants,
 * and made-up people leave no trail. A batch is one transaction that keeps everybody else off these tables.
 */
export class DemoSeeder {
  constructor(private readonly owner: Client) {}

  /**
   * Adds the tenants of the order that are not there yet, each with all of its people or not at all.
   * @returns how many tenants and people were added
   */
  async seed(order: SeedOrder, report: (done: SeedProgress) => void): Promise<SeedProgress> {
    const tenants = planTenants(order.label, order.tenants, order.users);
    const done = { tenants: 0, users: 0 };
    const added = { tenants: 0, users: 0 };
    for (const batch of inBatches(tenants, BATCH_PEOPLE)) {
      const written = await this.addBatch(batch, order);
      added.tenants += written.length;
      added.users += sumOfPeople(written);
      done.tenants += batch.length;
      done.users += sumOfPeople(batch);
      report(done);
    }
    if (added.tenants > 0) await this.owner.query(ANALYZE);
    return added;
  }

  /** The subdomain of a tenant that is not of this label; null where there is none. */
  async findOther(label: string): Promise<string | null> {
    const { owner } = this;
    await owner.query('BEGIN');
    try {
      await owner.query(LOOK_TIMEOUT);
      await owner.query(OPEN_TENANTS);
      const { rows } = await owner.query<{ subdomain: string }>(OTHER, [label]);
      return rows[0]?.subdomain ?? null;
    } finally {
      await owner.query('ROLLBACK');
    }
  }

  private async addBatch(
    batch: readonly SeededTenant[],
    order: SeedOrder,
  ): Promise<SeededTenant[]> {
    const { owner } = this;
    await owner.query('BEGIN');
    try {
      // What a power cut loses, the next run adds.
      await owner.query('SET LOCAL synchronous_commit = off');
      await owner.query(LOCK_TIMEOUT);

      await owner.query(OPEN);
      const written = await this.missingOf(batch, order.label);
      const writtenIds = written.map(({ index }) => tenantId(order.label, index));
      if (written.length > 0) {
        await this.addTenants(written, writtenIds);
        await owner.query(ADD_PEOPLE, [
          writtenIds,
          written.map(({ index }) => index),
          written.map(({ subdomain }) => subdomain),
          written.map(({ users }) => users),
          order.passwordHash,
          FIRST_NAMES,
          LAST_NAMES,
        ]);
        if (order.sessions) await owner.query(ADD_SESSIONS, [writtenIds]);
      }

      await owner.query(CLOSE);
      await owner.query('COMMIT');
      return written;
    } catch (error) {
      await owner.query('ROLLBACK');
      throw error;
    }
  }

  private async addTenants(
    tenants: readonly SeededTenant[],
    ids: readonly string[],
  ): Promise<void> {
    const { owner } = this;
    const transaction: SqlRunner = {
      query: async <Row>(sql: string, params?: unknown[]) =>
        (await owner.query(sql, params)).rows as Row[],
    };
    for (const [at, { name, subdomain, plan }] of tenants.entries())
      await insertTenant(transaction, { id: ids[at] ?? '', name, subdomain, plan });
    await owner.query(COMPLETE_TENANTS, [
      ids,
      tenants.map(({ index }) => index),
      tenants.map(({ users }) => users),
      tenants.map(({ maxUsers }) => maxUsers),
    ]);
  }

  /** The tenants of a batch that do not exist yet. */
  private async missingOf(batch: readonly SeededTenant[], label: string): Promise<SeededTenant[]> {
    const byId = new Map(batch.map((tenant) => [tenantId(label, tenant.index), tenant]));
    const subdomains = batch.map(({ subdomain }) => subdomain);
    const { rows } = await this.owner.query<{ id: string }>(MISSING, [
      [...byId.keys()],
      subdomains,
    ]);
    return rows.flatMap(({ id }) => byId.get(id) ?? []);
  }
}

/** Follows from label and index, so that the same order finds its own tenants again. */
function tenantId(label: string, index: number): string {
  const time = (1_600_000_000_000 + index).toString(16).padStart(12, '0');
  const hash = createHash('sha256').update(`${label}/${index}`).digest('hex');
  return `${time}7${hash.slice(0, 3)}a${hash.slice(3, 18)}`.replace(
    /^(.{8})(.{4})(.{4})(.{4})(.{12})$/,
    '$1-$2-$3-$4-$5',
  );
}

function sumOfPeople(tenants: readonly SeededTenant[]): number {
  return tenants.reduce((sum, { users }) => sum + users, 0);
}
