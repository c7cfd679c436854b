import { Inject, Injectable, Optional } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { currentScope, requestScope, runInTransaction } from './request-context.js';
import type { SqlRunner } from './sql-runner.js';
import { type PoolTotals, TenantPool } from './tenant-pool.js';
import type { TenantContext, TenantTransaction } from './tenant-transaction.js';

/**
 * The one way to the database. Statements go to a tenant's transaction, which PostgreSQL's policies confine to that
 * tenant: that of `transaction()` inside of one, else the request's own, which the first statement opens and the
 * TenantInterceptor ends.
 */
@Injectable()
export class TenantDatabase implements SqlRunner {
  /** @param tenantPool absent in a process that only has the operators' login (`TenancyModule.forOperators`). */
  constructor(@Optional() @Inject(TenantPool) private readonly tenantPool?: TenantPool) {}

  /**
   * TypeORM's manager of the current transaction. Do not run two statements of one transaction in parallel.
   * @throws Error outside of a transaction and of a request's handler, when the request has ended, or when no
   *   connection can be had.
   */
  async manager(): Promise<EntityManager> {
    const runner = await this.currentTransaction().runner();
    return runner.manager;
  }

  /**
   * Runs one statement of fixed text in the current transaction and gives its rows. The text is prepared once per
   * connection: pass what varies as `params`, never in the text.
   * @throws Error as `manager()` does, and the errors of PostgreSQL (see `createErrorTranslator`).
   */
  query<Row>(sql: string, params: unknown[] = []): Promise<Row[]> {
    try {
      return this.currentTransaction().rows(sql, params) as Promise<Row[]>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs `work` in a short transaction of its own and commits when it resolves, for what must not hold a connection
   * longer than its statements take. It takes a connection at its first statement only.
   * @throws Error inside another transaction: waiting for a second connection while holding one would dead-lock as
   *   soon as every request did.
   */
  async transaction<T>(context: TenantContext, work: () => Promise<T>): Promise<T> {
    const { explicit, request } = currentScope();
    if (explicit !== undefined || request?.lifetime.holdsConnection === true)
      throw nested('transaction()');
    const transaction = this.pool.transaction(context);
    const run = () => runInTransaction(transaction, () => this.complete(transaction, work));
    return request === undefined ? run() : request.lifetime.including(transaction, run);
  }

  /**
   * Runs one statement outside of any tenant and transaction, for the functions that find the tenant and the session
   * (resolve_tenant, session_standing) and for health. Use it for nothing else: it sees no row of any tenant.
   * @throws Error inside a transaction that holds a connection, for the reason given at `transaction()`.
   */
  async lookup<Row>(sql: string, params: unknown[]): Promise<Row[]> {
    const { explicit, request } = currentScope();
    request?.lifetime.assertRunning();
    if (explicit?.holdsConnection === true || request?.lifetime.holdsConnection === true)
      throw nested('lookup()');
    return (await this.pool.lookup(sql, params)) as Row[];
  }

  /** The connections at this moment, for health and metrics. */
  totals(): PoolTotals {
    return this.pool.totals;
  }

  private get pool(): TenantPool {
    if (this.tenantPool !== undefined) return this.tenantPool;
    throw new Error(
      "This process has no login for a tenant's transaction. Pass the transaction of PlatformDatabase to the service.",
    );
  }

  private async complete<T>(transaction: TenantTransaction, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      await transaction.commit();
      return result;
    } catch (error) {
      await transaction.rollback(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  private currentTransaction(): TenantTransaction {
    const { explicit } = currentScope();
    if (explicit !== undefined) return explicit;
    const { context, lifetime } = requestScope();
    return lifetime.ownTransaction(() => {
      if (context.tenant === undefined) {
        throw new Error(
          'This request has no tenant, so its transaction would see nothing. Let a guard set currentRequest().tenant, ' +
            'or use transaction() with the tenant to act for.',
        );
      }
      const { tenant, user } = context;
      return this.pool.transaction({
        tenantId: tenant.id,
        userId: user?.id ?? null,
        role: user?.role ?? null,
        permissions: user?.permissions ?? [],
      });
    });
  }
}

function nested(call: string): Error {
  return new Error(
    `${call} needs a connection of its own and was called while this request already holds one, which dead-locks once ` +
      'every connection of the pool is held that way. Call it before the first statement or after the transaction.',
  );
}
