import type { Pool, PoolClient } from 'pg';
import { type DataSource, type ObjectLiteral, QueryFailedError, type QueryResult } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import type { EndTask } from '../fairness/fair-queue.js';
import type { StatementNames } from './statement-names.js';

/** feature_not_supported: "cached plan must not change result type". */
const STALE_PLAN = '0A000';

/** Creates the error of a refused statement when needed, because creating it earlier would cost each request a stack trace. */
export type Refusal = () => Error;

type Parameters = unknown[] | ObjectLiteral;

/**
 * TypeORM's query runner for a transaction that TypeORM did not open: it can be told that a transaction is active, it can
 * refuse further statements, and it can close its connection instead of returning it to the pool.
 */
export class TenantQueryRunner extends PostgresQueryRunner {
  private refusal: Refusal | undefined;
  private defect: Error | undefined;

  constructor(
    dataSource: DataSource,
    private readonly names: StatementNames,
    /** Takes a place among the connections of the pool, at once or when the tenant's turn comes. */
    private readonly takeTurn: () => EndTask | Promise<EndTask>,
  ) {
    super(dataSource.driver as PostgresDriver, 'master');
    this.manager = dataSource.createEntityManager(this);
  }

  /**
   * Otherwise TypeORM assumes that no transaction is open: the first `save()` would open one, and its COMMIT would end ours
   * with the tenant's context. At depth 1 a nested `transaction()` becomes a SAVEPOINT.
   */
  markTransactionActive(): void {
    this.isTransactionActive = true;
    this.transactionDepth = 1;
  }

  /** Makes every further statement fail. A running one is allowed to finish. */
  refuseStatements(refusal: Refusal): void {
    this.refusal ??= refusal;
  }

  /** @throws Error if the transaction has ended or its connection was lost. */
  assertUsable(): void {
    if (this.refusal !== undefined) throw this.refusal();
    if (this.isReleased) throw connectionLost();
  }

  /** Takes a connection from the pool directly, which costs five promises less than TypeORM's way. */
  override connect(): Promise<PoolClient> {
    this.databaseConnectionPromise ??= new Promise<PoolClient>((resolve, reject) => {
      const pool = this.driver.master as Pool;
      const connect = (endTurn: EndTask): void =>
        pool.connect((error, client, release) => {
          if (client === undefined) {
            endTurn();
            reject(error ?? new Error('The pool returned no connection.'));
            return;
          }
          this.attach(client, (defect) => {
            release(defect);
            endTurn();
          });
          resolve(client);
        });
      const turn = this.takeTurn();
      if (turn instanceof Promise) turn.then(connect, reject);
      else connect(turn);
    });
    return this.databaseConnectionPromise as Promise<PoolClient>;
  }

  override release(): Promise<void> {
    this.detach();
    return Promise.resolve();
  }

  /** Runs the statement on the driver's connection, without TypeORM's logging and events, which cost time. */
  async rows(sql: string, params: unknown[] | undefined): Promise<unknown[]> {
    this.assertUsable();
    try {
      const result = await this.client().query(this.names.config(sql, params));
      return result.rows as unknown[];
    } catch (error) {
      // A migration changed the result type of a prepared statement. Only a new connection has no stale plan.
      if ((error as { code?: unknown }).code === STALE_PLAN) this.defect = error as Error;
      throw error;
    }
  }

  override query(
    sql: string,
    parameters: Parameters | undefined,
    useStructuredResult: true,
  ): Promise<QueryResult>;
  override query(sql: string, parameters?: Parameters): Promise<unknown>;
  override async query(
    sql: string,
    parameters?: Parameters,
    useStructuredResult = false,
  ): Promise<unknown> {
    this.assertUsable();
    try {
      return (await super.query(sql, parameters, useStructuredResult)) as unknown;
    } catch (error) {
      if (!(error instanceof QueryFailedError)) throw error;
      // Without the parameters, which contain password and token hashes, because errors are logged.
      throw new QueryFailedError(sql, undefined, error.driverError);
    }
  }

  /** The connection. Call `connect()` first. */
  client(): PoolClient {
    return this.databaseConnection as PoolClient;
  }

  /**
   * Returns the connection to the pool if it is intact and outside of any transaction, and closes it otherwise, so that no
   * tenant's context and no unfinished work reaches the next request. Does nothing if the connection is already released.
   */
  releaseConnection(defect?: Error): void {
    if (this.isReleased) return;
    const inside = this.client().getTransactionStatus() !== 'I';
    this.detach(
      defect ??
        this.defect ??
        (inside ? new Error('The connection is left in a transaction') : undefined),
    );
  }

  private attach(client: PoolClient, release: (error?: Error) => void): void {
    const onLost = (error: Error): void => this.detach(error);
    client.on('error', onLost);
    this.databaseConnection = client;
    this.releaseCallback = (error) => {
      client.off('error', onLost);
      release(error as Error | undefined);
    };
    this.driver.connectedQueryRunners.push(this);
  }

  /** Releases the connection once: to the pool, or closed if there is a reason. */
  private detach(reason?: Error): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.releaseCallback?.(reason);
    const { connectedQueryRunners } = this.driver;
    connectedQueryRunners.splice(connectedQueryRunners.indexOf(this), 1);
  }
}

export function connectionLost(): Error {
  return new Error('Connection terminated while a transaction was open');
}
