/**
 * `npm run isolation`: creates a database, attacks it and prints a report. Exits with status 1 if an attack finds a leak or
 * cannot be carried out.
 */
import { createTestDatabase, TestCluster } from '@poc-tracker/testing';
import { runMigrations } from '../../apps/auth-service/src/migrations/run-migrations.js';
import { IsolationReport } from './report.js';
import { attackCache } from './attacks/cache-attacks.js';
import { attackPermissions } from './attacks/permission-attacks.js';
import { attackRequirements } from './requirements/requirements.js';
import { attackRoutes } from './attacks/route-attacks.js';
import { attackTables } from './attacks/table-attacks.js';
import { asTracker, createWorld, type World } from './world.js';

/** Writes what it finds into the report and leaves the database as it was. */
type Attack = (world: World, report: IsolationReport) => Promise<void>;

const ATTACKS: Attack[] = [
  attackTables,
  async (world, report) => attackTables(await asTracker(world), report),
  attackPermissions,
  async (world, report) => attackPermissions(await asTracker(world), report),
  attackRequirements,
  attackRoutes,
  attackCache,
];

const cluster = await TestCluster.start((migrationUrl) => runMigrations(migrationUrl, false));
try {
  const database = await createTestDatabase(cluster.access);
  const world = await createWorld(database);
  try {
    const report = new IsolationReport();
    for (const attack of ATTACKS) await attack(world, report);
    console.log(report.toString());
    process.exitCode = report.faults.length === 0 ? 0 : 1;
  } finally {
    // Before the server stops. Otherwise the error of the closed connection would hide the error of the attack.
    await world.admin.end();
    await database.drop();
  }
} finally {
  await cluster.stop();
}
