import type { Command } from 'commander';
import type { UsageDrift } from '../../../apps/auth-service/src/platform/tenants/platform-usage.repository.js';
import type { CliContext } from '../cli.context.js';
import { EXIT } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';
import { idOf } from '../tenant-id.js';

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
      const { tenants, usage: counts } = await context.services();
      const tenantId = options.tenant === undefined ? null : await idOf(tenants, options.tenant);
      const drift = await counts.findDrift(tenantId);
      const repaired = options.repair === true && drift.length > 0;
      if (repaired) await counts.repair(drift, { operatorId: null, details: context.actor });
      const left = repaired ? await counts.findDrift(tenantId) : drift;
      if (left.length > 0) context.exitCode = EXIT.refused;
      context.show(options, { drift, repaired }, () => describe(drift, repaired));
    });
}

function describe(drift: readonly UsageDrift[], repaired: boolean): string {
  if (drift.length === 0) return 'All counts are correct.\n';
  const table = formatTable(drift, [
    { heading: 'tenant', value: (row) => row.subdomain },
    { heading: 'resource', value: (row) => row.resource },
    { heading: 'counted', value: (row) => row.counted },
    { heading: 'actual', value: (row) => row.actual },
  ]);
  return repaired ? `${table}Corrected.\n` : `${table}Correct them with --repair.\n`;
}
