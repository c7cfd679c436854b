import { isUuid, ROLES, type Role } from '@poc-tracker/contracts';
import { connectionLost, type Refusal, type TenantQueryRunner } from './tenant-query-runner.js';

/** Whom a transaction acts for: what the three settings that the policies read are made of. */
export interface TenantContext {
  tenantId: string;
  userId: string | null;
  role: Role | null;
}

export interface TransactionLimits {
  /** Milliseconds that PostgreSQL lets one statement run. */
  statementTimeoutMs: number;
  /** Milliseconds after which PostgreSQL ends a session that idles in its transaction: the net under a stalled process. */
  idleTimeoutMs: number;
}

/**
 * One tenant's transaction on a connection of its own, opened by its first statement and ended once, by `commit` or
 * `rollback`. All that it sets is transaction-local, so that its end leaves nothing behind on the connection.
 */
export class TenantTransaction {
  private readonly openingSql: string;
  private connecting: Promise<TenantQueryRunner> | undefined;
  private connected: TenantQueryRunner | undefined;
  /** The answer to the opening statement, which the first statement does not wait for. */
  private opening: Promise<unknown> | undefined;
  private ending: Promise<void> | undefined;
  private refusal: Refusal | undefined;
  private over = false;

  /** @throws Error when an id of the context is no UUID or the role is none of the catalogue. */
  constructor(
    context: TenantContext,
    limits: TransactionLimits,
    private readonly createRunner: () => TenantQueryRunner,
  ) {
    this.openingSql = openingStatement(context, limits);
  }

  /** True from the first statement until the connection is given back, also while waiting for one. */
  get holdsConnection(): boolean {
    return this.connecting !== undefined && !this.over;
  }

  /** The runner, inside the open transaction. Parallel calls share one opening. */
  async runner(): Promise<TenantQueryRunner> {
    const runner = await this.connection();
    await this.opening;
    runner.assertUsable();
    return runner;
  }

  /**
   * The rows of one statement. The first one travels behind the opening in the same flight: should the opening fail,
   * PostgreSQL refuses the statement with it, or shows it no row for want of a tenant, and the opening's error is thrown.
   */
  async rows(sql: string, params: unknown[]): Promise<unknown[]> {
    const runner = await this.connection();
    const rows = runner.rows(sql, params);
    // Looked at below, once it is known whether the opening failed.
    rows.catch(() => undefined);
    await this.opening;
    return rows;
  }

  /**
   * Commits what was done, if anything was.
   * @throws Error when PostgreSQL did not commit, for whatever reason.
   */
  async commit(): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal();
    this.refuse(committed);
    if (this.connecting === undefined) return;
    this.ending = this.end(this.connecting, sendCommit);
    await this.ending;
  }

  /**
   * Takes no further statement, lets a running one end, and rolls back. `reason` is what later statements fail with.
   * Never rejects: what cannot be rolled back is dropped with its connection. Does nothing after a commit.
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

  /** @throws Error when the transaction takes no statement any more, or no connection can be had. */
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
      await this.connected?.giveBack();
      this.over = true;
      throw error;
    }
    // eslint-disable-next-line poc/sql-from-constants -- see openingStatement, which checks what it is built from
    this.opening = runner.client().query(this.openingSql);
    // Whoever ends the transaction looks at it; until then a failure is nobody's.
    this.opening.catch(() => undefined);
    runner.markTransactionActive();
    return runner;
  }

  private async end(
    connecting: Promise<TenantQueryRunner>,
    send: (runner: TenantQueryRunner) => Promise<void>,
  ): Promise<void> {
    const runner = await connecting;
    // How much of an opening that failed has run is unknown: the connection goes.
    let defect: Error | undefined;
    try {
      await this.opening?.catch((error: unknown) => {
        defect = error as Error;
        throw error;
      });
      await send(runner);
    } finally {
      await runner.giveBack(defect);
      this.over = true;
    }
  }
}

function committed(): Error {
  return new Error('The transaction has been committed; it takes no further statement.');
}

async function sendCommit(runner: TenantQueryRunner): Promise<void> {
  if (runner.isReleased) throw connectionLost();
  if (runner.client().getTransactionStatus() === 'I') {
    throw new Error(
      'A statement ended the transaction; send no COMMIT or ROLLBACK of your own inside of one.',
    );
  }
  const { command } = await runner.client().query('COMMIT');
  // PostgreSQL answers COMMIT with ROLLBACK, and no error, once a statement has failed.
  if (command !== 'COMMIT') {
    throw new Error(
      'The transaction was rolled back: a statement in it failed, and the failure was swallowed.',
    );
  }
}

async function sendRollback(runner: TenantQueryRunner): Promise<void> {
  if (!runner.isReleased) await runner.client().query('ROLLBACK');
}

/**
 * BEGIN, the tenant's context and the time limits in one round trip. The simple protocol that this needs takes no
 * parameters; every literal is therefore held to an alphabet without quotes.
 */
export function openingStatement(
  { tenantId, userId, role }: TenantContext,
  limits: TransactionLimits,
): string {
  if (!isUuid(tenantId)) throw new Error('The tenant of a transaction must be given by its UUID.');
  if (userId !== null && !isUuid(userId))
    throw new Error('The user of a transaction must be given by a UUID.');
  if (role !== null && !ROLES.includes(role))
    throw new Error('The role of a transaction must be of the catalogue.');
  const user = userId === null ? 'NULL' : `'${userId}'`;
  const roleName = role === null ? 'NULL' : `'${role}'`;
  return (
    `BEGIN; SELECT set_user_context('${tenantId}', ${user}, ${roleName}); ` +
    `SET LOCAL statement_timeout = ${Math.ceil(limits.statementTimeoutMs)}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(limits.idleTimeoutMs)}`
  );
}
