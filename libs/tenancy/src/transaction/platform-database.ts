import { Injectable, Logger } from '@nestjs/common';
import { Pool } from 'pg';
import { proveIsolation } from '../schema/isolation-proof.js';
import {
  type ActorKind,
  type PlatformContext,
  type PlatformLimits,
  PlatformTransaction,
} from './platform-transaction.js';
import { currentScope } from './request-context.js';
import type { SqlRunner } from './sql-runner.js';

export interface PlatformDatabaseOptions {
  /** URL of the operators' login, a member of super_admin. */
  url: string;
  /** True: TLS with a verified certificate. False: as the URL says. */
  tls: boolean;
  /** Bounds one statement. Default one minute: an operator's question may read every tenant. */
  statementTimeoutMs?: number;
  /** Default 'poc-tracker-auth-platform'. */
  applicationName?: string;
  /** Who acts where a transaction names no operator: the service itself, by default, or a person at a command line. */
  unnamedActor?: ActorKind;
}

/** Few: operators are few, and whatever is held here is held against `max_connections`. */
const POOL_MAX = 5;

const APPLICATION_NAME = 'poc-tracker-auth-platform';
const STATEMENT_MS = 60_000;
const IDLE_MS = 30_000;
const CONNECT_MS = 10_000;

/**
 * The database as operators see it: every tenant, because their login has no tenant policy. Platform routes, the
 * command line and scheduled work use it and nothing else; what a tenant's own people ask goes through TenantDatabase.
 */
@Injectable()
export class PlatformDatabase {
  private readonly pool: Pool;
  private readonly statementTimeoutMs: number;
  private readonly unnamedActor: ActorKind;
  private closing: Promise<void> | undefined;

  /** Connects at the first statement only; `open` proves the login first. */
  constructor(options: PlatformDatabaseOptions) {
    this.statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_MS;
    this.unnamedActor = options.unnamedActor ?? 'system';
    this.pool = new Pool({
      connectionString: options.url,
      max: POOL_MAX,
      application_name: options.applicationName ?? APPLICATION_NAME,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      allowExitOnIdle: true,
      ...(options.tls && { ssl: { rejectUnauthorized: true } }),
      // Between two uses nobody else listens, and an error event without a listener ends the process.
      onConnect: (client) => {
        client.on('error', () => undefined);
      },
    });
    const logger = new Logger(PlatformDatabase.name);
    this.pool.on('error', (error) =>
      logger.warn(`An idle connection of the operators' login was lost: ${error.message}`),
    );
  }

  /**
   * Connects and proves that the login is the operators' and nothing more.
   * @throws IsolationProofError when it could do more than its role; Error when the server cannot be reached.
   */
  static async open(options: PlatformDatabaseOptions): Promise<PlatformDatabase> {
    const database = new PlatformDatabase(options);
    try {
      const query = (sql: string, params?: unknown[]) =>
        database.query<Record<string, unknown>>(sql, params);
      await proveIsolation(query, { login: 'platform' });
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** One statement of fixed text in a transaction of its own, with neither tenant nor operator. */
  async query<Row>(sql: string, params: unknown[] = []): Promise<Row[]> {
    return this.transaction({ tenantId: null, operatorId: null }, (transaction) =>
      transaction.query(sql, params),
    );
  }

  /**
   * Runs `work` in one transaction on a connection of its own, commits when it resolves and rolls back when it rejects.
   * The context is transaction-local: the tenant, the operator as user, no role, and `app.actor_kind` ('operator' or
   * 'system'), by which the audit trail tells such work from that of the tenant's people.
   * @throws Error when an id is no UUID, when PostgreSQL did not commit, when the request around it was ended before, and
   *   whatever a statement fails with. A statement after the end fails as well.
   */
  async transaction<T>(
    context: PlatformContext,
    work: (transaction: SqlRunner) => Promise<T>,
    limits: PlatformLimits = {},
  ): Promise<T> {
    const { statementTimeoutMs = this.statementTimeoutMs } = limits;
    const { idleTimeoutMs = statementTimeoutMs } = limits;
    const client = await this.pool.connect();
    const open = new PlatformTransaction(
      client,
      context,
      { statementTimeoutMs, idleTimeoutMs },
      context.operatorId === null ? this.unnamedActor : 'operator',
    );
    const { request } = currentScope();
    return open.run(async (transaction) => {
      const result = await work(transaction);
      // Whoever was answered that the time was up has been told that nothing was done.
      request?.lifetime.assertRunning();
      return result;
    });
  }

  /** Ends the connections as they become idle; called again it waits for the same end. */
  close(): Promise<void> {
    return (this.closing ??= this.pool.end());
  }
}
