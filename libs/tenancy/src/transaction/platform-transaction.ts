import { isUuid } from '@poc-tracker/contracts';
import type { PoolClient } from 'pg';
import type { SqlRunner } from './sql-runner.js';

export interface PlatformContext {
  /** The tenant that the operator acts on; null for what concerns all or none. */
  tenantId: string | null;
  /** The operator's user id, a person of the platform tenant; null for the service's own scheduled work. */
  operatorId: string | null;
}

/** Who acts on the operators' login, as the audit trail has it: a person, or the service by itself. */
export type ActorKind = 'operator' | 'system';

export interface PlatformLimits {
  /** Milliseconds that one statement of this transaction may run. */
  statementTimeoutMs?: number;
  /** Milliseconds that it may idle between two statements; for work that waits on something else in between. */
  idleTimeoutMs?: number;
}

/** How much longer than PostgreSQL's own limit a statement is waited for before its connection is taken for dead. */
const GRACE_MS = 2_000;

/** One transaction of the operators' login, from its BEGIN until its connection is released. Internal to the library. */
export class PlatformTransaction implements SqlRunner {
  private ended = false;

  constructor(
    private readonly client: PoolClient,
    private readonly context: PlatformContext,
    private readonly limits: Required<PlatformLimits>,
    private readonly actorKind: ActorKind,
  ) {}

  async run<T>(work: (transaction: SqlRunner) => Promise<T>): Promise<T> {
    let defect: Error | undefined;
    try {
      await this.send(openingStatement(this.context, this.limits, this.actorKind));
      const result = await work(this);
      this.ended = true;
      await this.commit();
      return result;
    } catch (error) {
      this.ended = true;
      await this.send('ROLLBACK').catch((failure: Error) => {
        defect = failure;
      });
      throw error;
    } finally {
      const inside = this.client.getTransactionStatus() !== 'I';
      this.client.release(defect ?? inside);
    }
  }

  /** @throws Error after the end of the transaction, and whatever the statement fails with. */
  async query<Row>(sql: string, params: unknown[] = []): Promise<Row[]> {
    if (this.ended)
      throw new Error("The operator's transaction has ended; it takes no further statement.");
    return (await this.send(sql, params)) as Row[];
  }

  private async commit(): Promise<void> {
    if (this.client.getTransactionStatus() === 'I') {
      throw new Error(
        'A statement ended the transaction; send no COMMIT or ROLLBACK of your own inside of one.',
      );
    }
    const { command } = await this.client.query('COMMIT');
    // PostgreSQL answers COMMIT with ROLLBACK, and no error, once a statement has failed.
    if (command !== 'COMMIT') {
      throw new Error(
        'The transaction was rolled back: a statement in it failed, and the failure was swallowed.',
      );
    }
  }

  /** Where a network swallows packets, PostgreSQL's own time-out never arrives: the driver's comes a little later. */
  private async send(text: string, values?: unknown[]): Promise<unknown[]> {
    const query_timeout = this.limits.statementTimeoutMs + GRACE_MS;
    const config = { text, query_timeout, ...(values && { values }) };

    const result = await this.client.query<Record<string, unknown>>(config);
    return result.rows;
  }
}

/** BEGIN, context and limits in one round trip: the simple protocol takes no parameters, hence the checks. */
function openingStatement(
  { tenantId, operatorId }: PlatformContext,
  { statementTimeoutMs, idleTimeoutMs }: Required<PlatformLimits>,
  actorKind: ActorKind,
): string {
  return (
    `BEGIN; SELECT set_user_context(${uuidLiteral(tenantId, 'tenant')}, ${uuidLiteral(operatorId, 'operator')}, NULL), ` +
    `set_config('app.actor_kind', '${actorKind}', true); ` +
    `SET LOCAL statement_timeout = ${Math.ceil(statementTimeoutMs)}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(idleTimeoutMs)}`
  );
}

function uuidLiteral(id: string | null, whose: string): string {
  if (id === null) return 'NULL';
  if (!isUuid(id)) throw new Error(`The ${whose} of a transaction must be given by a UUID.`);
  return `'${id}'`;
}
