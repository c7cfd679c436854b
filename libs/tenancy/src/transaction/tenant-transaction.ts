import { isUuid, type Permission, ROLES, type Role } from '@poc-tracker/contracts';
import type { QueryResult } from 'pg';
import { connectionLost, type Refusal, type TenantQueryRunner } from './tenant-query-runner.js';

/** The user that a transaction acts for, and their rights: the four settings that the policies read. */
export interface TenantContext {
  readonly tenantId: string;
  readonly userId: string | null;
  /** The rank of the user, which no user that they change may exceed. */
  readonly role: Role | null;
  /** Everything that the user may do now. */
  readonly permissions: readonly Permission[];
}

/**
 * The context of work that needs no rights. Without a user it sees what a tenant shows to everyone; with a user it also
 * reads and changes what belongs to that user.
 */
export function contextWithoutRights(
  tenantId: string,
  userId: string | null = null,
): TenantContext {
  return { tenantId, userId, role: null, permissions: [] };
}

export interface TransactionLimits {
  /** Milliseconds that PostgreSQL lets one statement run. */
  statementTimeoutMs: number;
  /** Milliseconds after which PostgreSQL ends a session that idles in its transaction: the net under a stalled process. */
  idleTimeoutMs: number;
}

/** By its form and not by the catalogue: another service may know permissions that this one does not. */
const PERMISSION_NAME = /^[a-z][a-z0-9_.:-]*$/;

/**
 * One tenant's transaction on a connection of its own, opened by its first statement and ended once, by `commit` or
 * `rollback`. All that it sets is transaction-local, so that its end leaves nothing behind on the connection.
 */
export class TenantTransaction {
  private readonly openingSql: string;
  private connecting: Promise<TenantQueryRunner> | undefined;
  private connected: TenantQueryRunner | undefined;
  /** Settles with the answer to the opening statement, which the first statement does not wait for. Never rejects. */
  private opening: Promise<void> | undefined;
  private openingFailure: Error | undefined;
  private ending: Promise<void> | undefined;
  private refusal: Refusal | undefined;
  private over = false;

  /** @throws Error when an id of the context is no UUID, or its role or a permission is malformed. */
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
    this.assertOpened();
    runner.assertUsable();
    return runner;
  }

  /**
   * The rows of one statement. The first one travels behind the opening in the same flight: should the opening fail,
   * PostgreSQL refuses the statement with it, or shows it no row for want of a tenant, and the opening's error is thrown.
   */
  async rows(sql: string, params: unknown[]): Promise<unknown[]> {
    const runner = await this.connection();
    try {
      return await runner.rows(sql, params);
    } finally {
      // Answers come in the order of the statements: by now it is known how the opening went.
      this.assertOpened();
    }
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
      this.connected?.giveBack();
      this.over = true;
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
      // How much of an opening that failed has run is unknown: the connection goes.
      runner.giveBack(this.openingFailure);
      this.over = true;
    }
  }
}

/** One statement that is the transaction's own, by pg's callback: a promise of pg's makes two. */
function send(runner: TenantQueryRunner, sql: string): Promise<string> {
  return new Promise((resolve, reject) => {
    runner.client().query(sql, (error: Error | null, result?: QueryResult) => {
      if (error) reject(error);
      else resolve(result?.command ?? '');
    });
  });
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
  const command = await send(runner, 'COMMIT');
  // PostgreSQL answers COMMIT with ROLLBACK, and no error, once a statement has failed.
  if (command !== 'COMMIT') {
    throw new Error(
      'The transaction was rolled back: a statement in it failed, and the failure was swallowed.',
    );
  }
}

async function sendRollback(runner: TenantQueryRunner): Promise<void> {
  if (!runner.isReleased) await send(runner, 'ROLLBACK');
}

/**
 * BEGIN, the tenant's context and the time limits in one round trip. The simple protocol that this needs takes no
 * parameters; every literal is therefore held to an alphabet without quotes.
 */
export function openingStatement(
  { tenantId, userId, role, permissions }: TenantContext,
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
    `BEGIN; SELECT set_user_context('${tenantId}', ${user}, ${roleName}, ${permissionsLiteral(permissions)}); ` +
    `SET LOCAL statement_timeout = ${Math.ceil(limits.statementTimeoutMs)}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(limits.idleTimeoutMs)}`
  );
}

/** A text[]. The names are quoted, because an unquoted null would be no name. */
function permissionsLiteral(permissions: readonly string[]): string {
  if (!permissions.every((permission) => PERMISSION_NAME.test(permission)))
    throw new Error('A permission of a transaction must be a name in lower case.');
  return `'{${permissions.map((permission) => `"${permission}"`).join(',')}}'`;
}
