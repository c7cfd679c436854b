import { Inject, Injectable, Optional } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { currentScope, requestScope, runInTransaction } from './request/request-context.js';
import type { TenantContext } from './transaction/opening-statement.js';
import type { SqlRunner } from './transaction/sql-runner.js';
import { type PoolTotals, TenantPool } from './transaction/tenant-pool.js';
import type { TenantTransaction } from './transaction/tenant-transaction.js';

/**
 * Runs statements in the transaction of a tenant, which PostgreSQL's policies restrict to that tenant: inside
 * `transaction()` in that one, otherwise in the request's own, which the first statement opens and TenantInterceptor ends.
 */
@Injectable()
export class TenantDatabase implements SqlRunner {
  /** @param tenantPool absent in a process that only has the operators' login (`TenancyModule.forOperators`). */
  constructor(@Optional() @Inject(TenantPool) private readonly tenantPool?: TenantPool) {}

  /**
   * TypeORM's manager of the current transaction. Do not run two statements of one transaction in parallel.
   * @throws Error outside of a transaction and of a request's handler, if the request has ended, or if no connection is
   *   available.
   */
  async manager(): Promise<EntityManager> {
    const runner = await this.currentTransaction().runner();
    return runner.manager;
  }

  /**
   * Runs one statement of fixed text in the current transaction and returns its rows. The text is prepared once per
   * connection, so pass variable values as `params`.
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
   * Runs `work` in a short transaction of its own and commits if it resolves. It uses a connection from its first statement
   * until then, and not for the rest of the request.
   * @throws Error inside another transaction: if every request waited for a second connection, none would get one.
   */
  async transaction<T>(context: TenantContext, work: () => Promise<T>): Promise<T> {
    const { explicit, request } = currentScope();
    if (explicit !== undefined || request?.lifetime.usesConnection === true)
      throw nested('transaction()');
    const transaction = this.pool.transaction(context);
    const run = () => runInTransaction(transaction, () => this.complete(transaction, work));
    return request === undefined ? run() : request.lifetime.including(transaction, run);
  }

  /**
   * Runs one statement outside of any tenant and transaction, for the functions that find the tenant and the session
   * (resolve_tenant, session_status) and for health checks only: it sees no row of any tenant.
   * @param turnOf the tenant of a verified token, whose turn it takes in the pool; the other look-ups share one turn.
   * @throws Error inside a transaction that uses a connection, for the same reason as `transaction()`.
   */
  async lookup<Row>(sql: string, params: unknown[], turnOf?: string): Promise<Row[]> {
    const { explicit, request } = currentScope();
    request?.lifetime.assertRunning();
    if (explicit?.usesConnection === true || request?.lifetime.usesConnection === true)
      throw nested('lookup()');
    return (await this.pool.lookup(sql, params, turnOf)) as Row[];
  }

  /** The current connections, for health checks and metrics. */
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
      currentScope().request?.lifetime.startCommit(transaction.tenantId);
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
          'This request has no tenant, so its transaction would see no rows. Set currentRequest().tenant in a guard, ' +
            'or use transaction() with a tenant.',
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
    `${call} needs a second connection while this request already uses one. If all requests did so, they would wait for ` +
      'each other forever. Call it before the first statement or after the transaction.',
  );
}
