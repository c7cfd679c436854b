import { isUuid } from '@poc-tracker/contracts';
import type { PoolClient } from 'pg';
import { commitOrDoubt } from './commit-outcome.js';
import type { SqlRunner } from './sql-runner.js';

export interface PlatformContext {
  /** The tenant that the operator acts on; null for all or none. */
  tenantId: string | null;
  /** The operator's user id in the platform tenant; null for scheduled jobs. */
  operatorId: string | null;
}

/** The actor that the audit log records: an operator, or the service itself. */
export type ActorKind = 'operator' | 'system';

export interface PlatformLimits {
  /** Milliseconds that one statement of this transaction may run. */
  statementTimeoutMs?: number;
  /** Milliseconds between two statements, for work that waits for something else in between. */
  idleTimeoutMs?: number;
}

/** Added to PostgreSQL's statement timeout before the connection is considered dead. */
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

  /** @throws Error after the end of the transaction, and any error of the statement. */
  async query<Row>(sql: string, params: unknown[] = []): Promise<Row[]> {
    if (this.ended)
      throw new Error("The operator's transaction has ended and accepts no further statement.");
    return (await this.send(sql, params)) as Row[];
  }

  private async commit(): Promise<void> {
    if (this.client.getTransactionStatus() === 'I') {
      throw new Error(
        'A statement ended the transaction; do not send COMMIT or ROLLBACK yourself.',
      );
    }
    const commit = { text: 'COMMIT', query_timeout: this.queryTimeoutMs };
    const { command } = await commitOrDoubt(() => this.client.query(commit));
    // After a failed statement PostgreSQL responds to COMMIT with ROLLBACK instead of an error.
    if (command !== 'COMMIT') {
      throw new Error(
        'The transaction was rolled back because a statement failed and its error was ignored.',
      );
    }
  }

  /** If the network drops packets, the error of PostgreSQL's timeout never arrives; the driver's timeout is a little later. */
  private get queryTimeoutMs(): number {
    return this.limits.statementTimeoutMs + GRACE_MS;
  }

  private async send(text: string, values?: unknown[]): Promise<unknown[]> {
    const config = { text, query_timeout: this.queryTimeoutMs, ...(values && { values }) };
    const result = await this.client.query<Record<string, unknown>>(config);
    return result.rows;
  }
}

/** BEGIN, context and limits in one round trip. The simple protocol has no parameters, so the values are validated. */
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
  if (!isUuid(id)) throw new Error(`The ${whose} of a transaction must be a UUID.`);
  return `'${id}'`;
}
