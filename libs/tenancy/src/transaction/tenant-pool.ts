import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { HeldConnectionsWatch } from './held-connections.watch.js';
import { StatementNames } from './statement-names.js';
import { TenantQueryRunner } from './tenant-query-runner.js';
import {
  type TenantContext,
  TenantTransaction,
  type TransactionLimits,
} from './tenant-transaction.js';

export interface TenantPoolOptions {
  /** URL of the service's login, which owns nothing and is a member of authenticated_user. */
  serviceUrl: string;
  poolMin: number;
  poolMax: number;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Bounds a request, and with it every statement. */
  requestTimeoutMs: number;
  /** The entity classes of all modules. */
  entities: NonNullable<DataSourceOptions['entities']>;
  /** False behind a transaction pooler that knows no prepared statements (PgBouncer before 1.21). Default true. */
  preparedStatements?: boolean;
  /** By what the server lists the connections. Default 'poc-tracker-auth-service'. */
  applicationName?: string;
}

/** Connections of the pool at one moment. */
export interface PoolTotals {
  max: number;
  total: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
}

const APPLICATION_NAME = 'poc-tracker-auth-service';
const IDLE_MS = 30_000;
const CONNECT_MS = 10_000;

/** How much longer than PostgreSQL's own limits the service waits before it takes a connection for dead. */
const GRACE_MS = 2_000;

/** SQLSTATEs after which a connection is of no more use: it is being ended, or holds a plan that no longer fits. */
const SPENT_CONNECTION = /^(08|57P|25P03|0A000)/;

/** The connections of the service's login, as TypeORM's data source; TenantDatabase alone uses them. */
export class TenantPool {
  private readonly names: StatementNames;
  private readonly limits: TransactionLimits;
  private readonly watch: HeldConnectionsWatch;

  private constructor(
    private readonly dataSource: DataSource,
    private readonly options: TenantPoolOptions,
  ) {
    this.names = new StatementNames(options.preparedStatements ?? true);
    this.limits = {
      statementTimeoutMs: options.requestTimeoutMs,
      idleTimeoutMs: options.requestTimeoutMs + GRACE_MS,
    };
    this.watch = new HeldConnectionsWatch(this.connections, options.requestTimeoutMs + GRACE_MS);
  }

  /** Connects, with the least number of connections from the start. @throws Error when the server cannot be reached. */
  static async open(options: TenantPoolOptions): Promise<TenantPool> {
    const dataSource = await new DataSource(dataSourceOptions(options)).initialize();
    const pool = new TenantPool(dataSource, options);
    try {
      await pool.warmUp();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  get totals(): PoolTotals {
    const { totalCount, idleCount, waitingCount } = this.connections;
    return { max: this.options.poolMax, total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  transaction(context: TenantContext): TenantTransaction {
    return new TenantTransaction(
      context,
      this.limits,
      () => new TenantQueryRunner(this.dataSource, this.names),
    );
  }

  /** One statement that is its own transaction; prepared when it comes with parameters, be they none. */
  async lookup(sql: string, params?: unknown[]): Promise<unknown[]> {
    const client = await this.connections.connect();
    let defect: Error | undefined;
    const onLost = (error: Error): void => {
      defect = error;
    };
    client.on('error', onLost);
    try {
      const result = await client.query(this.names.config(sql, params));
      return result.rows as unknown[];
    } catch (error) {
      const answered = error instanceof DatabaseError && !SPENT_CONNECTION.test(error.code ?? '');
      if (!answered) defect ??= error as Error;
      throw error;
    } finally {
      client.off('error', onLost);
      client.release(defect);
    }
  }

  /** Closes every connection once it is idle, and those that still are not when no statement can be running any more. */
  async close(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    const signal = AbortSignal.timeout(this.options.requestTimeoutMs + GRACE_MS);
    const pool = this.connections;
    while (pool.idleCount < pool.totalCount && !signal.aborted) {
      await Promise.race([
        once(pool, 'release', { signal }),
        once(pool, 'remove', { signal }),
      ]).catch(() => undefined);
    }
    this.watch.stop();
    await this.dataSource.destroy();
  }

  private get connections(): Pool {
    return (this.dataSource.driver as PostgresDriver).master as Pool;
  }

  private async warmUp(): Promise<void> {
    const asked = Array.from({ length: this.options.poolMin }, () => this.connections.connect());
    const clients = await Promise.allSettled(asked);
    for (const client of clients) if (client.status === 'fulfilled') client.value.release();
    await Promise.all(asked);
  }
}

function dataSourceOptions(options: TenantPoolOptions): DataSourceOptions {
  const logger = new Logger(TenantPool.name);
  return {
    type: 'postgres',
    url: options.serviceUrl,
    entities: options.entities,
    applicationName: options.applicationName ?? APPLICATION_NAME,
    connectTimeoutMS: CONNECT_MS,
    poolSize: options.poolMax,
    ...(options.tls ? { ssl: { rejectUnauthorized: true } } : {}),
    extra: {
      min: options.poolMin,
      idleTimeoutMillis: IDLE_MS,
      keepAlive: true,
      // A transaction's first statement is sent without waiting for the answer to its opening.
      pipeline: true,
      // PostgreSQL may end a connection in the very packet that completes it, before its user has had a turn to listen,
      // and an error event without a listener ends the process. The user still learns of it: its next statement fails.
      onConnect: (client: PoolClient) => {
        client.on('error', () => undefined);
      },
    },
    poolErrorHandler: (error: Error) =>
      logger.warn(`An idle database connection was lost: ${error.message}`),
    installExtensions: false,
    // Statements carry hashes of passwords and tokens.
    logging: false,
  };
}
