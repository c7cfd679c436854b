import type { Pool, PoolClient } from 'pg';
import { type DataSource, type ObjectLiteral, QueryFailedError, type QueryResult } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import type { StatementNames } from './statement-names.js';

/** feature_not_supported: "cached plan must not change result type". */
const STALE_PLAN = '0A000';

/** Makes the error that a statement fails with; making it ahead of time would cost every request a stack trace. */
export type Refusal = () => Error;

type Parameters = unknown[] | ObjectLiteral;

/**
 * TypeORM's query runner, with what a transaction that is not TypeORM's own needs: it can be told that a
 * transaction is active, it stops taking statements on demand, and it can drop its connection instead of
 * giving it back.
 */
export class TenantQueryRunner extends PostgresQueryRunner {
  private refusal: Refusal | undefined;
  private defect: Error | undefined;

  constructor(
    dataSource: DataSource,
    private readonly names: StatementNames,
  ) {
    super(dataSource.driver as PostgresDriver, 'master');
    this.manager = dataSource.createEntityManager(this);
  }

  /**
   * Without this TypeORM believes that no transaction is open: the first `save()` would open its own, and its COMMIT
   * would end ours and the tenant's context with it. At depth 1 a nested `transaction()` becomes a SAVEPOINT.
   */
  markTransactionActive(): void {
    this.isTransactionActive = true;
    this.transactionDepth = 1;
  }

  /** From now on every statement fails with this error; one that is running is left to end. */
  refuseStatements(refusal: Refusal): void {
    this.refusal ??= refusal;
  }

  /** @throws Error when the transaction has ended or its connection was lost. */
  assertUsable(): void {
    if (this.refusal !== undefined) throw this.refusal();
    if (this.isReleased) throw connectionLost();
  }

  /** Takes a connection straight from the pool: TypeORM's way there costs each request five promises more. */
  override connect(): Promise<PoolClient> {
    this.databaseConnectionPromise ??= new Promise<PoolClient>((resolve, reject) => {
      const pool = this.driver.master as Pool;
      pool.connect((error, client, release) => {
        if (client === undefined) {
          reject(error ?? new Error('The pool gave no connection.'));
          return;
        }
        this.hold(client, release);
        resolve(client);
      });
    });
    return this.databaseConnectionPromise as Promise<PoolClient>;
  }

  override release(): Promise<void> {
    this.letGo();
    return Promise.resolve();
  }

  /** The statement straight on the driver's connection, without TypeORM's logging and events: the hot path. */
  async rows(sql: string, params: unknown[] | undefined): Promise<unknown[]> {
    this.assertUsable();
    try {
      const result = await this.client().query(this.names.config(sql, params));
      return result.rows as unknown[];
    } catch (error) {
      // A migration changed what a prepared statement returns: only a new connection forgets the old plan.
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
      // Without the parameters: they hold password and token hashes, and errors end up in logs.
      throw new QueryFailedError(sql, undefined, error.driverError);
    }
  }

  /** The connection itself; connected first by `connect()`. */
  client(): PoolClient {
    return this.databaseConnection as PoolClient;
  }

  /**
   * Gives the connection back if it is known to be whole and outside of any transaction, else drops it: no tenant's
   * context and no half-done work can reach the next request. Does nothing when the connection is gone already.
   */
  giveBack(defect?: Error): void {
    if (this.isReleased) return;
    const inside = this.client().getTransactionStatus() !== 'I';
    this.letGo(
      defect ??
        this.defect ??
        (inside ? new Error('The connection is left in a transaction') : undefined),
    );
  }

  private hold(client: PoolClient, release: (error?: Error) => void): void {
    const onLost = (error: Error): void => this.letGo(error);
    client.on('error', onLost);
    this.databaseConnection = client;
    this.releaseCallback = (error) => {
      client.off('error', onLost);
      release(error as Error | undefined);
    };
    this.driver.connectedQueryRunners.push(this);
  }

  /** Once: to the pool, or with a reason to nobody. */
  private letGo(reason?: Error): void {
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
