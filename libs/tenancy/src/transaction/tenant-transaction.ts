import type { QueryResult } from 'pg';
import { commitOn } from './commit.js';
import {
  openingStatement,
  type TenantContext,
  type TransactionLimits,
} from './opening-statement.js';
import { connectionLost, type Refusal, type TenantQueryRunner } from './tenant-query-runner.js';

/**
 * A tenant's transaction on its own connection, opened by its first statement and ended once, by `commit` or `rollback`.
 * All its settings are transaction-local, so that none remains on the connection.
 */
export class TenantTransaction {
  readonly tenantId: string;
  private readonly openingSql: string;
  private connecting: Promise<TenantQueryRunner> | undefined;
  private connected: TenantQueryRunner | undefined;
  /** Resolves with the response to the opening statement, which the first statement does not wait for. Never rejects. */
  private opening: Promise<void> | undefined;
  private openingFailure: Error | undefined;
  private ending: Promise<void> | undefined;
  private refusal: Refusal | undefined;
  private ended = false;

  /** @throws Error if an id of the context is not a UUID, or its role or a permission is malformed. */
  constructor(
    context: TenantContext,
    limits: TransactionLimits,
    private readonly createRunner: () => TenantQueryRunner,
    begin?: string,
  ) {
    this.tenantId = context.tenantId;
    this.openingSql = openingStatement(context, limits, begin);
  }

  /** True from the first statement until the connection is released, including while waiting for one. */
  get usesConnection(): boolean {
    return this.connecting !== undefined && !this.ended;
  }

  /** The runner in the open transaction. Parallel calls share one opening. */
  async runner(): Promise<TenantQueryRunner> {
    const runner = await this.connection();
    await this.opening;
    this.assertOpened();
    runner.assertUsable();
    return runner;
  }

  /**
   * The rows of one statement. The first statement is sent together with the opening. If the opening fails, PostgreSQL
   * refuses the statement or returns no rows, because there is no tenant, and the error of the opening is thrown.
   */
  async rows(sql: string, params: unknown[]): Promise<unknown[]> {
    const runner = await this.connection();
    try {
      return await runner.rows(sql, params);
    } finally {
      // Responses arrive in the order of the statements, so the opening has succeeded or failed by now.
      this.assertOpened();
    }
  }

  /**
   * Commits if any statement was run.
   * @throws ApiError OUTCOME_UNKNOWN if PostgreSQL may have committed; Error if it did not.
   */
  async commit(): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal();
    this.refuse(committed);
    if (this.connecting === undefined) return;
    this.ending = this.end(this.connecting, sendCommit);
    await this.ending;
  }

  /**
   * Refuses further statements, waits for a running one, and rolls back. Later statements fail with `reason`. Never rejects:
   * if the rollback fails, the connection is closed. Does nothing after a commit.
   */
  async rollback(reason: Error): Promise<void> {
    this.refuse(() => reason);
    if (this.connecting === undefined) return;
    this.ending ??= this.end(this.connecting, sendRollback);
    await this.ending.catch(() => undefined);
  }

  private refuse(refusal: Refusal): void {
    this.refusal ??= refusal;
    this.connected?.refuseStatements(this.refusal);
  }

  /** @throws Error if the transaction has ended, or no connection is available. */
  private connection(): Promise<TenantQueryRunner> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal());
    return (this.connecting ??= this.connect());
  }

  private async connect(): Promise<TenantQueryRunner> {
    const runner = this.createRunner();
    try {
      await runner.connect();
      this.connected = runner;
      if (this.refusal !== undefined) throw this.refusal();
    } catch (error) {
      this.connected?.releaseConnection();
      this.ended = true;
      throw error;
    }
    this.opening = send(runner, this.openingSql).then(
      () => undefined,
      (error: unknown) => {
        this.openingFailure = error as Error;
      },
    );
    runner.markTransactionActive();
    return runner;
  }

  private assertOpened(): void {
    if (this.openingFailure !== undefined) throw this.openingFailure;
  }

  private async end(
    connecting: Promise<TenantQueryRunner>,
    finish: (runner: TenantQueryRunner) => Promise<void>,
  ): Promise<void> {
    const runner = await connecting;
    await this.opening;
    try {
      this.assertOpened();
      await finish(runner);
    } finally {
      // It is unknown how much of a failed opening was executed, so the connection is closed.
      runner.releaseConnection(this.openingFailure);
      this.ended = true;
    }
  }
}

/** Sends a statement of the transaction itself. With pg's promise API there would be two promises. */
function send(runner: TenantQueryRunner, sql: string): Promise<string> {
  return new Promise((resolve, reject) => {
    runner.client().query(sql, (error: Error | null, result?: QueryResult) => {
      if (error) reject(error);
      else resolve(result?.command ?? '');
    });
  });
}

function committed(): Error {
  return new Error('The transaction has been committed and accepts no further statement.');
}

async function sendCommit(runner: TenantQueryRunner): Promise<void> {
  if (runner.isReleased) throw connectionLost();
  await commitOn(runner.client(), () => send(runner, 'COMMIT'));
}

async function sendRollback(runner: TenantQueryRunner): Promise<void> {
  if (!runner.isReleased) await send(runner, 'ROLLBACK');
}
