import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { attackTables } from './attacks/table-attacks.js';
import { IsolationReport } from './report.js';
import { attackRequirements, REQUIREMENTS } from './requirements/requirements.js';
import { createWorld, type World } from './world.js';

type Attack = (world: World, report: IsolationReport) => Promise<void>;

/** Every operation, on some tables. */
export const onTables =
  (names: readonly string[], attack: Attack = attackTables): Attack =>
  (world, report) =>
    attack({ ...world, tables: world.tables.filter(({ name }) => names.includes(name)) }, report);

/** Every operation, on one table. */
export const onTable = (name: string, attack?: Attack): Attack => onTables([name], attack);

/** The requirements with these ids. */
export const requirements =
  (...ids: string[]): Attack =>
  (world, report) =>
    attackRequirements(
      world,
      report,
      REQUIREMENTS.filter(({ id }) => ids.includes(id)),
    );

/**
 * A migrated database, from which a test removes a protection. The controls remove none: an attack that always reports a fault
 * would pass all other tests. `npm run isolation` attacks every table of such a database.
 */
export class VulnerableDatabase {
  private constructor(readonly urls: TestDatabase) {}

  static async create(): Promise<VulnerableDatabase> {
    return new VulnerableDatabase(await createTestDatabase());
  }

  /** Runs SQL as the administrator of the server. */
  async execute(sql: string): Promise<void> {
    const admin = new pg.Client({ connectionString: this.urls.adminUrl });
    await admin.connect();
    try {
      await admin.query(sql);
    } finally {
      await admin.end();
    }
  }

  /** What the report finds after `damage`, a statement that removes a protection. */
  async faultsAfter(
    damage: string,
    attack: Attack,
    urls: Partial<TestDatabase> = {},
  ): Promise<string[]> {
    await this.execute(damage);
    const world = await createWorld({ ...this.urls, ...urls });
    try {
      const report = new IsolationReport();
      await attack(world, report);
      return report.faults;
    } finally {
      await world.admin.end();
    }
  }

  drop(): Promise<void> {
    return this.urls.drop();
  }
}
