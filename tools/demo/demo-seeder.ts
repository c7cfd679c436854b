import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { insertTenant } from '../../apps/auth-service/src/tenant/new-tenant.repository.js';
import { FIRST_NAMES, LAST_NAMES } from './demo-names.js';
import { inBatches, planTenants, type SeededTenant } from './seed-plan.js';
import {
  ADD_SESSIONS,
  ADD_USERS,
  ANALYZE,
  COMPLETE_TENANTS,
  FIND_MISSING_TENANTS,
  FIND_OTHER_TENANT,
  FIND_REAL_TENANT,
  LIFT_PROTECTION,
  LOCK_TIMEOUT,
  RESTORE_PROTECTION,
  SHORT_LOCK_TIMEOUT,
  UNFORCE_TENANTS,
} from './seed-statements.js';

export interface SeedOrder {
  /** The name of this set of data. A repeated order with the same label adds only what is missing. */
  label: string;
  tenants: number;
  users: number;
  /** Whether each active user has a session. */
  sessions: boolean;
  /** The hash of the password of all users. One hash per user would take days. */
  passwordHash: string;
}

export interface SeedProgress {
  tenants: number;
  users: number;
}

/** The database has tenants that are in use, so their protection must not be lifted. */
export class DatabaseInUseError extends Error {
  constructor(subdomain: string) {
    super(`This database has tenants that are not demo data, such as ${subdomain}.`);
    this.name = 'DatabaseInUseError';
  }
}

/** Users per transaction: a few seconds of work, which an interrupted run repeats. */
const BATCH_USERS = 20_000;

/**
 * Adds demo tenants and users on the owner's connection. A batch is one transaction that locks the tables. Their triggers
 * are disabled meanwhile: they would count each user and write an audit log entry for it. The counts are written with the
 * tenants, and demo data need no audit log.
 */
export class DemoSeeder {
  constructor(private readonly owner: Client) {}

  /**
   * Adds the missing tenants of the order, each with all of its users or not at all.
   * @returns the numbers of tenants and users that were added
   * @throws DatabaseInUseError if any user of the database is not demo data. The tables are protected as before.
   */
  async seed(order: SeedOrder, report: (done: SeedProgress) => void): Promise<SeedProgress> {
    const tenants = planTenants(order.label, order.tenants, order.users);
    const done = { tenants: 0, users: 0 };
    const added = { tenants: 0, users: 0 };
    for (const batch of inBatches(tenants, BATCH_USERS)) {
      const written = await this.addBatch(batch, order);
      added.tenants += written.length;
      added.users += sumOfUsers(written);
      done.tenants += batch.length;
      done.users += sumOfUsers(batch);
      report(done);
    }
    if (added.tenants > 0) await this.owner.query(ANALYZE);
    return added;
  }

  /** The subdomain of a tenant without this label, or null if there is none. */
  async findOther(label: string): Promise<string | null> {
    const { owner } = this;
    await owner.query('BEGIN');
    try {
      await owner.query(SHORT_LOCK_TIMEOUT);
      await owner.query(UNFORCE_TENANTS);
      const { rows } = await owner.query<{ subdomain: string }>(FIND_OTHER_TENANT, [label]);
      return rows[0]?.subdomain ?? null;
    } finally {
      await owner.query('ROLLBACK');
    }
  }

  private async addBatch(
    batch: readonly SeededTenant[],
    order: SeedOrder,
  ): Promise<SeededTenant[]> {
    const { owner } = this;
    await owner.query('BEGIN');
    try {
      // If a power failure loses a batch, the next run adds it.
      await owner.query('SET LOCAL synchronous_commit = off');
      await owner.query(LOCK_TIMEOUT);
      await owner.query(LIFT_PROTECTION);
      await this.assertDemoOnly();
      const written = await this.missingOf(batch, order.label);
      const writtenIds = written.map(({ index }) => tenantId(order.label, index));
      if (written.length > 0) {
        await this.addTenants(written, writtenIds);
        await owner.query(ADD_USERS, [
          writtenIds,
          written.map(({ index }) => index),
          written.map(({ subdomain }) => subdomain),
          written.map(({ users }) => users),
          order.passwordHash,
          FIRST_NAMES,
          LAST_NAMES,
        ]);
        if (order.sessions) await owner.query(ADD_SESSIONS, [writtenIds]);
      }
      await owner.query(RESTORE_PROTECTION);
      await owner.query('COMMIT');
      return written;
    } catch (error) {
      await owner.query('ROLLBACK');
      throw error;
    }
  }

  /** Under the lock of the tables, so that no tenant is added after the check. */
  private async assertDemoOnly(): Promise<void> {
    const { rows } = await this.owner.query<{ subdomain: string }>(FIND_REAL_TENANT);
    if (rows[0] !== undefined) throw new DatabaseInUseError(rows[0].subdomain);
  }

  private async addTenants(
    tenants: readonly SeededTenant[],
    ids: readonly string[],
  ): Promise<void> {
    const { owner } = this;
    const transaction: SqlRunner = {
      query: async <Row>(sql: string, params?: unknown[]) =>
        (await owner.query(sql, params)).rows as Row[],
    };
    for (const [at, { name, subdomain, plan }] of tenants.entries())
      await insertTenant(transaction, { id: ids[at] ?? '', name, subdomain, plan });
    await owner.query(COMPLETE_TENANTS, [
      ids,
      tenants.map(({ index }) => index),
      tenants.map(({ users }) => users),
      tenants.map(({ maxUsers }) => maxUsers),
    ]);
  }

  /** The tenants of a batch that do not exist yet. */
  private async missingOf(batch: readonly SeededTenant[], label: string): Promise<SeededTenant[]> {
    const byId = new Map(batch.map((tenant) => [tenantId(label, tenant.index), tenant]));
    const subdomains = batch.map(({ subdomain }) => subdomain);
    const { rows } = await this.owner.query<{ id: string }>(FIND_MISSING_TENANTS, [
      [...byId.keys()],
      subdomains,
    ]);
    return rows.flatMap(({ id }) => byId.get(id) ?? []);
  }
}

/** Derived from label and index, so that a repeated order finds its tenants. */
function tenantId(label: string, index: number): string {
  const time = (1_600_000_000_000 + index).toString(16).padStart(12, '0');
  const hash = createHash('sha256').update(`${label}/${index}`).digest('hex');
  return `${time}7${hash.slice(0, 3)}a${hash.slice(3, 18)}`.replace(
    /^(.{8})(.{4})(.{4})(.{4})(.{12})$/,
    '$1-$2-$3-$4-$5',
  );
}

function sumOfUsers(tenants: readonly SeededTenant[]): number {
  return tenants.reduce((sum, { users }) => sum + users, 0);
}
