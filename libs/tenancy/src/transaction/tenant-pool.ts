import { once } from 'node:events';
import { DatabaseError, type Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { ConnectionLossLog } from './connection-loss.log.js';
import { ConnectionTimeoutWatch } from './connection-timeout.watch.js';
import { isDirectConnection } from '../direct-connection.js';
import { ConnectionTurns } from '../fairness/connection-turns.js';
import { BEGIN_PINNED_FOR_REQUEST, pinPoolSettings } from './session-settings.js';
import { StatementNames } from './statement-names.js';
import { TenantQueryRunner } from './tenant-query-runner.js';
import type { TenantContext, TransactionLimits } from './opening-statement.js';
import { TenantTransaction } from './tenant-transaction.js';

export interface TenantPoolOptions {
  /** URL of the service's login, a member of authenticated_user that owns no objects. */
  serviceUrl: string;
  poolMin: number;
  poolMax: number;
  /** Percentage of `poolMax` that one tenant uses at most, and at least one connection. Default 50. */
  tenantShare?: number;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Milliseconds for a request, and for each of its statements. */
  requestTimeoutMs: number;
  /** The entity classes of all modules. */
  entities: NonNullable<DataSourceOptions['entities']>;
  /** False behind a transaction pooler without prepared statements (PgBouncer before 1.21). Default true. */
  preparedStatements?: boolean;
  /** Name of the connections on the server. Default 'poc-tracker-auth-service'. */
  applicationName?: string;
}

/** The current connections of the pool. */
export interface PoolTotals {
  max: number;
  total: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
}

const NO_TENANT = '';

const APPLICATION_NAME = 'poc-tracker-auth-service';
const IDLE_MS = 30_000;
const CONNECT_MS = 10_000;

/** Added to PostgreSQL's timeouts before a connection is considered dead. */
const GRACE_MS = 2_000;

/** SQLSTATEs after which a connection is unusable: it is being closed, or has a stale plan. */
const UNUSABLE_CONNECTION = /^(08|57P|25P03|0A000)/;

/** How the connections of a pool reach the server. */
interface ServerPath {
  /** Whether a pooler is in between. Set when a connection is made. */
  isPooled: boolean;
}

/** The connections of the service's login, a TypeORM data source that only TenantDatabase uses. */
export class TenantPool {
  private readonly names: StatementNames;
  private readonly limits: TransactionLimits;
  private readonly watch: ConnectionTimeoutWatch;
  private readonly turns: ConnectionTurns;

  private constructor(
    private readonly dataSource: DataSource,
    private readonly options: TenantPoolOptions,
    private readonly losses: ConnectionLossLog,
    private readonly path: ServerPath,
  ) {
    this.names = new StatementNames(options.preparedStatements ?? true);
    this.limits = {
      statementTimeoutMs: options.requestTimeoutMs,
      idleTimeoutMs: options.requestTimeoutMs + GRACE_MS,
    };
    this.turns = new ConnectionTurns(options);
    this.watch = new ConnectionTimeoutWatch(this.connections, options.requestTimeoutMs + GRACE_MS);
  }

  /** Opens `poolMin` connections. @throws Error if the server cannot be reached. */
  static async open(options: TenantPoolOptions): Promise<TenantPool> {
    const losses = new ConnectionLossLog(TenantPool.name);
    const path = { isPooled: false };
    const dataSource = await new DataSource(dataSourceOptions(options, losses, path)).initialize();
    const pool = new TenantPool(dataSource, options, losses, path);
    try {
      await pool.warmUp();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  get totals(): PoolTotals {
    const { totalCount, idleCount } = this.connections;
    const { waiting } = this.turns;
    return { max: this.options.poolMax, total: totalCount, idle: idleCount, waiting };
  }

  transaction(context: TenantContext): TenantTransaction {
    return new TenantTransaction(
      context,
      this.limits,
      () =>
        new TenantQueryRunner(this.dataSource, this.names, () => this.turns.take(context.tenantId)),
      this.path.isPooled ? BEGIN_PINNED_FOR_REQUEST : undefined,
    );
  }

  /**
   * Runs one statement without a transaction, or behind a pooler in one that pins its settings. It is prepared if `params` is
   * given, even if empty.
   * @param turnOf the tenant whose turn it takes. Without one, all look-ups share the turn of one tenant, and their clients
   *   take turns: a tenant that a request only names must not take the turns of those that exist.
   * @throws ApiError SERVICE_BUSY if no connection is available in time
   */
  async lookup(sql: string, params?: unknown[], turnOf = NO_TENANT): Promise<unknown[]> {
    const endTurn = await this.turns.take(turnOf);
    try {
      return await this.lookupOn(sql, params);
    } finally {
      endTurn();
    }
  }

  private async lookupOn(sql: string, params?: unknown[]): Promise<unknown[]> {
    const client = await this.connections.connect();
    let defect: Error | undefined;
    const onLost = (error: Error): void => {
      defect = error;
    };
    client.on('error', onLost);
    try {
      const statement = this.names.config(sql, params);
      const { rows } = this.path.isPooled
        ? await queryPinned(client, statement)
        : await client.query(statement);
      return rows as unknown[];
    } catch (error) {
      const refusedByServer =
        error instanceof DatabaseError && !UNUSABLE_CONNECTION.test(error.code ?? '');
      if (!refusedByServer) defect ??= error as Error;
      throw error;
    } finally {
      client.off('error', onLost);
      client.release(defect);
    }
  }

  /** The process stops: from now on the loss of a connection is expected. */
  prepareClose(): void {
    this.losses.stop();
  }

  /** Closes each connection when it becomes idle, or when no statement can be running any more. */
  async close(): Promise<void> {
    this.prepareClose();
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
    const requested = Array.from({ length: this.options.poolMin }, () =>
      this.connections.connect(),
    );
    const clients = await Promise.allSettled(requested);
    for (const client of clients) if (client.status === 'fulfilled') client.value.release();
    await Promise.all(requested);
  }
}

/** Three statements in one round trip. */
async function queryPinned(client: PoolClient, statement: QueryConfig): Promise<QueryResult> {
  const [begin, result, commit] = await Promise.allSettled([
    client.query(BEGIN_PINNED_FOR_REQUEST),
    client.query(statement),
    client.query('COMMIT'),
  ]);
  for (const one of [begin, result, commit])
    if (one.status === 'rejected') throw one.reason as Error;
  return (result as PromiseFulfilledResult<QueryResult>).value;
}

function dataSourceOptions(
  options: TenantPoolOptions,
  losses: ConnectionLossLog,
  path: ServerPath,
): DataSourceOptions {
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
      // A transaction's first statement is sent without waiting for the response to its opening.
      pipeline: true,
      // PostgreSQL may close a connection in the packet that completes it, before its user can add a listener, and an
      // error event without a listener would end the process. The next statement still fails.
      onConnect: async (client: PoolClient) => {
        client.on('error', () => undefined);
        await pinPoolSettings(client);
        path.isPooled = !(await isDirectConnection(client));
      },
    },
    poolErrorHandler: (error: Error) => losses.add(error),
    installExtensions: false,
    // Statements contain hashes of passwords and tokens.
    logging: false,
  };
}
