import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Client } from 'pg';
import { proveIsolation } from './isolation-proof.js';
import { TENANCY_OPTIONS, type TenancyOptions } from './tenancy.options.js';
import { TenantDatabase } from './tenant-database.js';
import { TenantInterceptor } from './tenant.interceptor.js';
import { TenantPool } from './tenant-pool.js';

/**
 * The database of a service whose tenants PostgreSQL keeps apart. TypeORM's DataSource stays inside, because whatever
 * were to use it directly would run outside of a tenant's transaction.
 */
@Global()
@Module({})
export class TenancyModule implements OnApplicationShutdown {
  constructor(@Inject(TenantPool) private readonly pool: TenantPool) {}

  /** Starting it fails when the server cannot be reached or does not keep tenants apart (IsolationProofError). */
  static forRoot(options: TenancyOptions): DynamicModule {
    return {
      module: TenancyModule,
      providers: [
        { provide: TENANCY_OPTIONS, useValue: options },
        { provide: TenantPool, useFactory: () => openProvenPool(options) },
        TenantDatabase,
        TenantInterceptor,
      ],
      exports: [TenantDatabase, TenantInterceptor],
    };
  }

  /** Nest calls this after the HTTP server has answered what was in flight. */
  async onApplicationShutdown(): Promise<void> {
    await this.pool.close();
  }
}

async function openProvenPool(options: TenancyOptions): Promise<TenantPool> {
  const pool = await TenantPool.open(options);
  try {
    const query = async (sql: string, params?: unknown[]) =>
      (await pool.lookup(sql, params)) as Record<string, unknown>[];
    await proveIsolation(query, { login: 'service' });
    if (options.platformUrl !== undefined)
      await proveOperatorsLogin(options.platformUrl, options.tls);
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

async function proveOperatorsLogin(url: string, tls: boolean): Promise<void> {
  const client = new Client({
    connectionString: url,
    ...(tls && { ssl: { rejectUnauthorized: true } }),
  });
  try {
    await client.connect();
    const query = async (sql: string, params?: unknown[]) =>
      (await client.query<Record<string, unknown>>(sql, params)).rows;
    await proveIsolation(query, { login: 'platform' });
  } finally {
    await client.end();
  }
}
