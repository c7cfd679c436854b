/**
 * `npm run isolation`: makes a database for the purpose, attacks it and prints what happened. Ends with status 1 on any leak,
 * and also when an attack could not be carried out.
 */
import { createTestDatabase, TestCluster } from '@poc-tracker/testing';
import { runMigrations } from '../../apps/auth-service/src/migrations/run-migrations.js';
import { IsolationReport } from './report.js';
import { attackRequirements } from './requirements.js';
import { attackRoutes } from './route-attacks.js';
import { attackTables } from './table-attacks.js';
import { asTracker, createWorld, type World } from './world.js';

/** Writes what it finds into the report and leaves the database as it was. */
type Attack = (world: World, report: IsolationReport) => Promise<void>;

const ATTACKS: Attack[] = [
  attackTables,
  async (world, report) => attackTables(await asTracker(world), report),
  attackRequirements,
  attackRoutes,
];

const cluster = await TestCluster.start((migrationUrl) => runMigrations(migrationUrl, false));
try {
  const world = await createWorld(await createTestDatabase(cluster.access));
  const report = new IsolationReport();
  for (const attack of ATTACKS) await attack(world, report);
  await world.admin.end();
  console.log(report.toString());
  process.exitCode = report.faults.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
}
