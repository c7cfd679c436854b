import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { expect } from 'vitest';

/** Anything that passes for an Argon2id hash. */
export const HASH = '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA';

export interface Context {
  tenantId: string;
  userId?: string | null;
  role: string;
}

type Result = pg.QueryResult<Record<string, unknown>>;

/** A migrated database and the service's login on it, many connections wide. */
export class ServiceDatabase {
  private constructor(
    readonly database: TestDatabase,
    readonly pool: pg.Pool,
    /** The superuser, to arrange what the service cannot. */
    readonly admin: pg.Pool,
  ) {}

  static async create(): Promise<ServiceDatabase> {
    const database = await createTestDatabase();
    return new ServiceDatabase(
      database,
      new pg.Pool({ connectionString: database.serviceUrl, max: 20 }),
      new pg.Pool({ connectionString: database.adminUrl, max: 2 }),
    );
  }

  /** A transaction of the service in a tenant, committed when the work resolves. */
  async within<T>(context: Context, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query('SELECT set_user_context($1, $2, $3)', [
        context.tenantId,
        context.userId ?? null,
        context.role,
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

  /** One statement in such a transaction. */
  async statement(context: Context, sql: string, params: unknown[] = []): Promise<Result> {
    return this.within(context, (client) => client.query(sql, params));
  }

  async drop(): Promise<void> {
    await Promise.all([this.pool.end(), this.admin.end()]);
    await this.database.drop();
  }
}

/** Matches the error of a refused statement by what the service tells refusals apart by. */
export function refusal(code: string, constraint?: string): unknown {
  return expect.objectContaining(constraint === undefined ? { code } : { code, constraint });
}
