import { isUuid } from '@poc-tracker/contracts';
import type { PlatformDatabase } from '@poc-tracker/tenancy';
import type { Command } from 'commander';
import type { CliContext } from '../cli.context.js';
import type { CliServices } from '../cli.module.js';
import { EXIT, refusal } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';

/** A stored count that differs from a recount. The driver returns bigint as text. */
interface Drift {
  tenant_id: string;
  subdomain: string;
  resource: 'users' | 'pocs' | 'storage bytes';
  counted: string;
  actual: string;
}

/*
 * One statement sees one snapshot, in which counts and rows match: it can run while the service is in use. It reads each
 * table once, however many tenants there are.
 */
const FIND_DRIFT = `
  WITH recount AS (
    SELECT u.tenant_id, t.subdomain, u.user_count, u.poc_count, u.storage_bytes,
           coalesce(p.users, 0) AS users, coalesce(q.pocs, 0) AS pocs, coalesce(f.bytes, 0) AS bytes
      FROM tenant_usage u
      JOIN tenants t ON t.id = u.tenant_id
      LEFT JOIN (SELECT tenant_id, count(*) AS users FROM users
                  WHERE status = 'active' AND ($1::uuid IS NULL OR tenant_id = $1) GROUP BY 1) p USING (tenant_id)
      LEFT JOIN (SELECT tenant_id, count(*) AS pocs FROM pocs
                  WHERE $1::uuid IS NULL OR tenant_id = $1 GROUP BY 1) q USING (tenant_id)
      LEFT JOIN (SELECT tenant_id, sum(counted_bytes) AS bytes FROM poc_files
                  WHERE $1::uuid IS NULL OR tenant_id = $1 GROUP BY 1) f USING (tenant_id)
     WHERE $1::uuid IS NULL OR u.tenant_id = $1)
  SELECT r.tenant_id, r.subdomain, c.resource, c.counted::text, c.actual::text
    FROM recount r
   CROSS JOIN LATERAL (VALUES ('users', r.user_count::numeric, r.users::numeric),
                              ('pocs', r.poc_count, r.pocs),
                              ('storage bytes', r.storage_bytes, r.bytes)) AS c (resource, counted, actual)
   WHERE c.counted <> c.actual
   ORDER BY r.subdomain, c.resource`;

/** Registers the `usage` commands. */
export function registerUsageCommands(program: Command, context: CliContext): void {
  const usage = commandGroup(program, 'usage', 'Check the stored usage of tenants.');
  subcommand(
    usage,
    'check',
    'Recount the usage of tenants and compare. Exits with 1 if a count is wrong. Safe at any time.',
  )
    .option('--tenant <subdomain or id>', 'check only this tenant')
    .option('--repair', 'correct wrong counts')
    .action(async (options: { json?: boolean; tenant?: string; repair?: boolean }) => {
      const services = await context.services();
      const { platform } = services;
      const tenantId =
        options.tenant === undefined ? null : await findTenant(platform, options.tenant);
      const drift = await platform.query<Drift>(FIND_DRIFT, [tenantId]);
      const repaired = options.repair === true && drift.length > 0;
      if (repaired) await repair(services, context.actor, drift);
      const left = repaired ? await platform.query<Drift>(FIND_DRIFT, [tenantId]) : drift;
      if (left.length > 0) context.exitCode = EXIT.refused;
      context.show(options, { drift: drift.map(toDrift), repaired }, () =>
        describe(drift, repaired),
      );
    });
}

/** Corrects the counts. Each tenant's audit log gets an entry in the same transaction. */
async function repair(
  { platform, events }: CliServices,
  actor: CliContext['actor'],
  drift: readonly Drift[],
): Promise<void> {
  for (const tenantId of new Set(drift.map(({ tenant_id }) => tenant_id))) {
    const wrong = drift.filter(({ tenant_id }) => tenant_id === tenantId).map(toDrift);
    const counts = wrong.map(({ resource, counted, actual }) => ({ resource, counted, actual }));
    await platform.transaction({ tenantId, operatorId: null }, async (transaction) => {
      await transaction.query('SELECT repair_tenant_usage($1)', [tenantId]);
      await events.recordAsOperator(transaction, tenantId, {
        type: 'operator.accessed',
        result: 'success',
        target: { type: 'tenant', id: tenantId },
        details: { action: 'repair-usage', counts, ...actor },
      });
    });
  }
}

async function findTenant(platform: PlatformDatabase, name: string): Promise<string> {
  const [tenant] = await platform.query<{ id: string }>(
    'SELECT id FROM tenants WHERE id = $1::uuid OR subdomain = $2',
    [isUuid(name.toLowerCase()) ? name : null, name.toLowerCase()],
  );
  if (tenant === undefined) throw refusal(`There is no tenant "${name}".`);
  return tenant.id;
}

function toDrift({ tenant_id: tenantId, subdomain, resource, counted, actual }: Drift) {
  return { tenantId, subdomain, resource, counted: Number(counted), actual: Number(actual) };
}

function describe(drift: readonly Drift[], repaired: boolean): string {
  if (drift.length === 0) return 'All counts are correct.\n';
  const table = formatTable(drift, [
    { heading: 'tenant', value: (row) => row.subdomain },
    { heading: 'resource', value: (row) => row.resource },
    { heading: 'counted', value: (row) => Number(row.counted) },
    { heading: 'actual', value: (row) => Number(row.actual) },
  ]);
  return repaired ? `${table}Corrected.\n` : `${table}Correct them with --repair.\n`;
}
