import type { PoolClient } from 'pg';
import { commitOn } from './commit.js';
import {
  type ActorKind,
  type PlatformContext,
  platformOpeningStatement,
  type TransactionLimits,
} from './opening-statement.js';
import type { SqlRunner } from './sql-runner.js';

/** Added to PostgreSQL's statement timeout before the connection is considered dead. */
const GRACE_MS = 2_000;

/** One transaction of the operators' login, from its BEGIN until its connection is released. Internal to the library. */
export class PlatformTransaction implements SqlRunner {
  private ended = false;

  constructor(
    private readonly client: PoolClient,
    private readonly context: PlatformContext,
    private readonly limits: TransactionLimits,
    private readonly actorKind: ActorKind,
  ) {}

  async run<T>(work: (transaction: SqlRunner) => Promise<T>): Promise<T> {
    let defect: Error | undefined;
    try {
      await this.send(platformOpeningStatement(this.context, this.limits, this.actorKind));
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
    const commit = { text: 'COMMIT', query_timeout: this.queryTimeoutMs };
    await commitOn(this.client, async () => (await this.client.query(commit)).command);
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
