import type { TenantTransaction } from './tenant-transaction.js';

/**
 * The transactions of one request, from the moment its handler may use them until the request ends, whichever way:
 * an ended request leaves none of them open.
 */
export class RequestLifetime {
  private handling = false;
  private ended: Error | undefined;
  private own: TenantTransaction | undefined;
  private readonly explicit = new Set<TenantTransaction>();

  /** From now on the request's own transaction can be opened, because from now on somebody ends it. */
  begin(): void {
    this.handling = true;
  }

  /** True while the request's own transaction occupies a connection. */
  get holdsConnection(): boolean {
    return this.own?.holdsConnection ?? false;
  }

  /** @throws Error when the request was ended before its time. */
  assertRunning(): void {
    if (this.ended !== undefined) throw this.ended;
  }

  /** The request's own transaction; `create` makes it at the first call. */
  ownTransaction(create: () => TenantTransaction): TenantTransaction {
    this.assertRunning();
    if (!this.handling) {
      throw new Error(
        "The request's transaction is open to its handler only, not to guards or hooks, which nothing would end it " +
          'for, nor after the answer. Use TenantDatabase.lookup() to find a tenant or a session, or transaction().',
      );
    }
    this.own ??= create();
    return this.own;
  }

  /** Counts a transaction that is not the request's own to the request while `work` runs. */
  async including<T>(transaction: TenantTransaction, work: () => Promise<T>): Promise<T> {
    this.assertRunning();
    this.explicit.add(transaction);
    try {
      return await work();
    } finally {
      this.explicit.delete(transaction);
    }
  }

  /** Commits the request's own transaction. @throws Error when that fails or the request was ended before. */
  async commit(): Promise<void> {
    this.assertRunning();
    this.handling = false;
    await this.own?.commit();
  }

  /** Rolls everything back; `reason` is what later work fails with. Never rejects. */
  async abort(reason: Error): Promise<void> {
    this.ended ??= reason;
    const transactions = this.own === undefined ? [...this.explicit] : [this.own, ...this.explicit];
    await Promise.all(transactions.map((transaction) => transaction.rollback(reason)));
  }
}
