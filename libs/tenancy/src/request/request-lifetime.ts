import type { TenantTransaction } from '../transaction/tenant-transaction.js';

/**
 * The transactions of one request, from the start of its handler to the end of the request, which ends all of them.
 */
export class RequestLifetime {
  private handling = false;
  private ended: Error | undefined;
  private own: TenantTransaction | undefined;
  private readonly committing = new Set<string | null>();
  private readonly explicit = new Set<TenantTransaction>();
  /** Created by the first reader: most requests wait for nothing but the database. */
  private controller: AbortController | undefined;

  /** From now on the request's own transaction can be opened, because the interceptor will end it. */
  begin(): void {
    this.handling = true;
  }

  /** True while the request's own transaction uses a connection. */
  get usesConnection(): boolean {
    return this.own?.usesConnection ?? false;
  }

  /** @throws Error if the request has been aborted. */
  assertRunning(): void {
    if (this.ended !== undefined) throw this.ended;
  }

  /** Aborted together with the request, for what waits for something other than the database. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.ended !== undefined) this.controller.abort(this.ended);
    return this.controller.signal;
  }

  /**
   * True once a transaction of the request may have been committed. A request that is interrupted later must not be answered
   * as if nothing had been done.
   */
  get mayHaveCommitted(): boolean {
    return this.committing.size > 0;
  }

  /** The tenants of these transactions; null for one of the operators' login, which may change any tenant. */
  get changedTenants(): ReadonlySet<string | null> {
    return this.committing;
  }

  /** Call it right before a COMMIT is sent. */
  startCommit(tenantId: string | null): void {
    this.committing.add(tenantId);
  }

  /** The request's own transaction, created by the first call. */
  ownTransaction(create: () => TenantTransaction): TenantTransaction {
    this.assertRunning();
    if (!this.handling) {
      throw new Error(
        "The request's transaction is only available in its handler, not in guards or hooks or after the response. " +
          'Use TenantDatabase.lookup() to find a tenant or a session, or transaction().',
      );
    }
    this.own ??= create();
    return this.own;
  }

  /** Ties another transaction to the request while `work` runs. */
  async including<T>(transaction: TenantTransaction, work: () => Promise<T>): Promise<T> {
    this.assertRunning();
    this.explicit.add(transaction);
    try {
      return await work();
    } finally {
      this.explicit.delete(transaction);
    }
  }

  /** Commits the request's own transaction. @throws Error if that fails or the request has been aborted. */
  async commit(): Promise<void> {
    this.assertRunning();
    this.handling = false;
    if (this.own === undefined) return;
    this.startCommit(this.own.tenantId);
    await this.own.commit();
  }

  /** Rolls everything back. Later statements fail with `reason`. Never rejects. */
  async abort(reason: Error): Promise<void> {
    this.ended ??= reason;
    this.controller?.abort(this.ended);
    const transactions = this.own === undefined ? [...this.explicit] : [this.own, ...this.explicit];
    await Promise.all(transactions.map((transaction) => transaction.rollback(reason)));
  }
}
