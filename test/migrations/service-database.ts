import type { Permission } from '@poc-tracker/contracts';
import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect } from 'vitest';

/** A string that the schema accepts as an Argon2id hash. */
export const HASH = '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA';

export const INSERT_USER =
  'INSERT INTO users (tenant_id, email, password_hash) VALUES ($1, $2, $3)';
export const INSERT_POC =
  'INSERT INTO pocs (tenant_id, title, created_by) VALUES ($1, $2, $3) RETURNING id';
export const INSERT_FILE =
  'INSERT INTO poc_files (tenant_id, poc_id, file_name, file_size, created_by) VALUES ($1, $2, $3, $4, $5)';

/** What usageDrift() returns if every count is right. */
export const NO_DRIFT = { users: '0', pocs: '0', bytes: '0' };

export interface Context {
  tenantId: string;
  userId?: string | null;
  role: string;
  /** What the user may do. Default: what the role permits. */
  permissions?: readonly string[] | undefined;
  /** Default: the service's. */
  login?: 'service' | 'tracker';
}

type Result = pg.QueryResult<Record<string, unknown>>;

/** A migrated database, and the logins of the service and of the tracker on it, each with a pool of 20 connections. */
export class ServiceDatabase {
  database: TestDatabase;
  pool: pg.Pool;
  tracker: pg.Pool;
  /** The login of the operators. */
  operators: pg.Pool;
  /** The superuser, for set-up that the service is not allowed to do. */
  admin: pg.Pool;

  static async create(): Promise<ServiceDatabase> {
    const db = new ServiceDatabase();
    await db.open();
    return db;
  }

  async open(): Promise<void> {
    this.database = await createTestDatabase();
    this.pool = new pg.Pool({ connectionString: this.database.serviceUrl, max: 20 });
    this.tracker = new pg.Pool({ connectionString: this.database.trackerUrl, max: 20 });
    this.operators = new pg.Pool({ connectionString: this.database.platformUrl, max: 3 });
    this.admin = new pg.Pool({ connectionString: this.database.adminUrl, max: 2 });
  }

  /** Runs a statement of the superuser that fires no trigger. */
  async bypassingTriggers(sql: string, params: unknown[]): Promise<void> {
    const client = await this.admin.connect();
    try {
      await client.query('BEGIN');
      await client.query('SET LOCAL session_replication_role = replica');
      await client.query(sql, params);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  }

  /** Runs the work in a transaction of the login, and commits it if the work resolves. */
  async within<T>(context: Context, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await (context.login === 'tracker' ? this.tracker : this.pool).connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT set_user_context($1, $2, $3, $4)', [
        context.tenantId,
        context.userId ?? null,
        context.role,
        context.permissions ?? null,
      ]);
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }

  /** Runs one statement in such a transaction. */
  async statement(context: Context, sql: string, params: unknown[] = []): Promise<Result> {
    return this.within(context, (client) => client.query(sql, params));
  }

  /** Inserts a custom role as the superuser. @returns its id. */
  async seedRole(tenantId: string, permissions: Permission[]): Promise<string> {
    const { rows } = await this.admin.query<{ id: string }>(
      'INSERT INTO tenant_roles (tenant_id, name, name_key, permissions) VALUES ($1, $2::text, $2::text, $3) RETURNING id',
      [tenantId, randomUUID(), JSON.stringify(permissions)],
    );
    return rows[0]?.id ?? '';
  }

  /** Inserts a user as the service does, with the role `user`, so that they are counted. */
  async register(tenantId: string): Promise<void> {
    const email = `${randomUUID()}@example.com`;
    await this.statement({ tenantId, role: 'admin' }, INSERT_USER, [tenantId, email, HASH]);
  }

  /** The counted usage minus a recount. */
  async usageDrift(tenantId: string): Promise<unknown> {
    const { rows } = await this.operators.query<Record<string, string>>(
      `SELECT u.user_count - (SELECT count(*) FROM users x WHERE x.tenant_id = u.tenant_id AND x.status = 'active') AS users,
              u.poc_count - (SELECT count(*) FROM pocs x WHERE x.tenant_id = u.tenant_id) AS pocs,
              u.storage_bytes
                - (SELECT coalesce(sum(counted_bytes), 0) FROM poc_files x WHERE x.tenant_id = u.tenant_id) AS bytes
         FROM tenant_usage u WHERE u.tenant_id = $1`,
      [tenantId],
    );
    return rows[0];
  }

  /** Resolves when a statement in this database waits for a lock. */
  async waitForLock(): Promise<void> {
    const deadline = Date.now() + 5_000;
    for (;;) {
      const { rows } = await this.admin.query<{ waiting: boolean }>(
        `SELECT EXISTS (SELECT FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock') AS waiting`,
      );
      if (rows[0]?.waiting === true) return;
      if (Date.now() > deadline) throw new Error('No statement waits for a lock.');
    }
  }

  async drop(): Promise<void> {
    const pools = [this.pool, this.tracker, this.operators, this.admin];
    await Promise.all(pools.map((pool) => pool.end()));
    await this.database.drop();
  }
}

/** A database for all tests of the calling file. Usable from its beforeAll hooks on, dropped after its tests. */
export function useServiceDatabase(): ServiceDatabase {
  const db = new ServiceDatabase();
  beforeAll(() => db.open());
  afterAll(() => db.drop());
  return db;
}

/** Matches a database error by its SQLSTATE and, if given, its constraint. */
export function refusal(code: string, constraint?: string): unknown {
  return expect.objectContaining(constraint === undefined ? { code } : { code, constraint });
}
