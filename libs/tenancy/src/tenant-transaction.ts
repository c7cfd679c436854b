import { ROLES, type Role } from '@poc-tracker/contracts';
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

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * One tenant's transaction on a connection of its own, opened by its first statement and ended once, by `commit` or
 * `rollback`. All that it sets is transaction-local, so that its end leaves nothing behind on the connection.
 */
export class TenantTransaction {
  private readonly openingSql: string;
  private opening: Promise<TenantQueryRunner> | undefined;
  private connected: TenantQueryRunner | undefined;
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
    return this.opening !== undefined && !this.over;
  }

  /** The runner, inside the open transaction. Parallel calls share one opening. */
  async runner(): Promise<TenantQueryRunner> {
    if (this.refusal !== undefined) throw this.refusal();
    this.opening ??= this.open();
    const runner = await this.opening;
    runner.assertUsable();
    return runner;
  }

  /**
   * Commits what was done, if anything was.
   * @throws Error when PostgreSQL did not commit, for whatever reason.
   */
  async commit(): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal();
    this.refuse(committed);
    if (this.opening === undefined) return;
    this.ending = this.end(this.opening, sendCommit);
    await this.ending;
  }

  /**
   * Takes no further statement, lets a running one end, and rolls back. `reason` is what later statements fail with.
   * Never rejects: what cannot be rolled back is dropped with its connection. Does nothing after a commit.
   */
  async rollback(reason: Error): Promise<void> {
    this.refuse(() => reason);
    if (this.opening === undefined) return;
    this.ending ??= this.end(this.opening, sendRollback);
    await this.ending.catch(() => undefined);
  }

  private refuse(refusal: Refusal): void {
    this.refusal ??= refusal;
    this.connected?.refuseStatements(this.refusal);
  }

  private async open(): Promise<TenantQueryRunner> {
    const runner = this.createRunner();
    let begun = false;
    try {
      await runner.connect();
      this.connected = runner;
      if (this.refusal !== undefined) throw this.refusal();
      begun = true;
      // eslint-disable-next-line poc/sql-from-constants -- see openingStatement, which checks what it is built from
      await runner.client().query(this.openingSql);
    } catch (error) {
      // How much of an opening that failed has run is unknown: the connection goes.
      if (this.connected !== undefined) await runner.giveBack(begun ? (error as Error) : undefined);
      this.over = true;
      throw error;
    }
    runner.markTransactionActive();
    return runner;
  }

  private async end(
    opening: Promise<TenantQueryRunner>,
    send: (runner: TenantQueryRunner) => Promise<void>,
  ): Promise<void> {
    const runner = await opening;
    try {
      await send(runner);
    } finally {
      await runner.giveBack();
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
  if (!UUID.test(tenantId))
    throw new Error('The tenant of a transaction must be given by its UUID.');
  if (userId !== null && !UUID.test(userId))
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
