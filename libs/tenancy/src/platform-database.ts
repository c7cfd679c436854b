import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import { proveIsolation } from './schema/isolation-proof.js';
import type {
  ActorKind,
  PlatformContext,
  TransactionLimits,
} from './transaction/opening-statement.js';
import { ConnectionTurns } from './fairness/connection-turns.js';
import { PlatformTransaction } from './transaction/platform-transaction.js';
import { ConnectionLossLog } from './transaction/connection-loss.log.js';
import { currentScope } from './request/request-context.js';
import { pinPoolSettings } from './transaction/session-settings.js';
import type { SqlRunner } from './transaction/sql-runner.js';

export interface PlatformDatabaseOptions {
  /** URL of the operators' login, a member of super_admin. */
  url: string;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Milliseconds for one statement. Default one minute, because a statement of an operator may read every tenant. */
  statementTimeoutMs?: number;
  /** Default 'poc-tracker-auth-platform'. */
  applicationName?: string;
  /** Recorded as the actor of a transaction without an operator: the service by default, or a user of the command line. */
  unnamedActor?: ActorKind;
}

/** There are few operators, and each connection counts towards `max_connections`. */
export const PLATFORM_POOL_MAX = 5;

/** Percent that one operator uses at most, or all jobs: 4 connections, so that one remains for the others. */
const OPERATOR_SHARE = 80;

/** Whose turn a transaction takes that has no operator. */
const JOBS = 'jobs';
const STRANGERS = 'strangers';

const APPLICATION_NAME = 'poc-tracker-auth-platform';
const STATEMENT_MS = 60_000;
const IDLE_MS = 30_000;
const CONNECT_MS = 10_000;

/**
 * The database as operators see it, with every tenant, because no tenant policy applies to their login. Only platform
 * routes, the command line and scheduled jobs use it. Requests of a tenant's users use TenantDatabase.
 */
@Injectable()
export class PlatformDatabase {
  private readonly pool: Pool;
  private readonly turns = new ConnectionTurns({
    poolMax: PLATFORM_POOL_MAX,
    tenantShare: OPERATOR_SHARE,
    requestTimeoutMs: CONNECT_MS,
  });
  private readonly losses = new ConnectionLossLog(PlatformDatabase.name);
  private readonly statementTimeoutMs: number;
  private readonly unnamedActor: ActorKind;
  private closing: Promise<void> | undefined;

  /** Connects with the first statement. `open` checks the login first. */
  constructor(options: PlatformDatabaseOptions) {
    this.statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_MS;
    this.unnamedActor = options.unnamedActor ?? 'system';
    this.pool = new Pool({
      connectionString: options.url,
      max: PLATFORM_POOL_MAX,
      application_name: options.applicationName ?? APPLICATION_NAME,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      allowExitOnIdle: true,
      ...(options.tls && { ssl: { rejectUnauthorized: true } }),
      // An error event without a listener would end the process.
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its types do not say so
      onConnect: (client) => {
        client.on('error', () => undefined);
        return pinPoolSettings(client);
      },
    });
    this.pool.on('error', (error) => this.losses.add(error));
  }

  /**
   * Connects, and checks that the login is that of the operators and has no other rights.
   * @throws IsolationProofError if the login has other rights; Error if the server cannot be reached.
   */
  static async open(options: PlatformDatabaseOptions): Promise<PlatformDatabase> {
    const database = new PlatformDatabase(options);
    try {
      const query = (sql: string, params?: unknown[]) =>
        database.query<Record<string, unknown>>(sql, params);
      await proveIsolation(query, { login: 'platform' });
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Runs one statement of fixed text in its own transaction, without a tenant or an operator. */
  async query<Row>(sql: string, params: unknown[] = []): Promise<Row[]> {
    return this.transaction({ tenantId: null, operatorId: null }, (transaction) =>
      transaction.query(sql, params),
    );
  }

  /**
   * Runs `work` in a transaction on its own connection, commits if it resolves and rolls back if it rejects. The context is
   * transaction-local: the tenant, the operator as user, no role, and `app.actor_kind` ('operator' or 'system'), which the
   * audit log records.
   * @throws ApiError SERVICE_BUSY if no connection is available in time; Error if an id is not a UUID, if PostgreSQL did not
   *   commit, if the request has ended, and any error of a statement. A statement after the end of the transaction fails as well.
   */
  async transaction<T>(
    context: PlatformContext,
    work: (transaction: SqlRunner) => Promise<T>,
    limits: Partial<TransactionLimits> = {},
  ): Promise<T> {
    const { statementTimeoutMs = this.statementTimeoutMs } = limits;
    const { idleTimeoutMs = statementTimeoutMs } = limits;
    const { request } = currentScope();
    const endTurn = await this.turns.take(
      context.operatorId ?? (request === undefined ? JOBS : STRANGERS),
    );
    try {
      return await this.run(context, work, { statementTimeoutMs, idleTimeoutMs });
    } finally {
      endTurn();
    }
  }

  /** The process stops: from now on the loss of a connection is expected. */
  prepareClose(): void {
    this.losses.stop();
  }

  /** Closes the connections when they become idle. Repeated calls wait for the same result. */
  close(): Promise<void> {
    this.prepareClose();
    return (this.closing ??= this.pool.end());
  }

  private async run<T>(
    context: PlatformContext,
    work: (transaction: SqlRunner) => Promise<T>,
    limits: TransactionLimits,
  ): Promise<T> {
    const client = await this.pool.connect();
    const open = new PlatformTransaction(
      client,
      context,
      limits,
      context.operatorId === null ? this.unnamedActor : 'operator',
    );
    const { request } = currentScope();
    return open.run(async (transaction) => {
      const result = await work(transaction);
      // A request that timed out has been told that nothing was done.
      request?.lifetime.assertRunning();
      request?.lifetime.startCommit(null);
      return result;
    });
  }
}
