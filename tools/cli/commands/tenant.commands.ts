import {
  ApiError,
  type Feature,
  FEATURES,
  type Limit,
  LIMITS,
  type PlanChange,
  PLANS,
  TENANT_STATUSES,
} from '@poc-tracker/contracts';
import { type Command, Option } from 'commander';
import type { OperatorActor } from '../../../apps/auth-service/src/platform/operator-actor.js';
import type { CliContext } from '../cli.context.js';
import type { CliServices } from '../cli.module.js';
import { misuse, refusal } from '../cli.error.js';
import { positiveInteger } from './key.commands.js';
import { emailOf } from './operator.commands.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatFields, formatTable } from '../table.js';
import { idOf } from '../tenant-id.js';

interface Json {
  json?: boolean;
}

interface ListOptions extends Json {
  limit: number;
  cursor?: string;
  status?: string;
  plan?: string;
  search?: string;
}

interface CreateOptions extends Json {
  name: string;
  subdomain: string;
  adminEmail: string;
  plan?: string;
}

interface PlanOptions extends Json {
  plan?: (typeof PLANS)[number];
  feature: string[];
  limit: string[];
  subscriptionEnds?: string;
}

/** A log-in with a temporary password is refused. */
const HOW_TO_REPLACE =
  'The admin replaces it before the first log-in:\n' +
  '  POST /api/v1/auth/password/renew {"email", "currentPassword", "newPassword"}\n';

const TRANSITIONS = {
  suspend: 'Suspend a tenant. Its users cannot log in.',
  reactivate: 'Reactivate a suspended tenant.',
  cancel: 'Cancel a tenant. It can be restored for TENANT_RESTORE_DAYS days.',
  restore: 'Restore a canceled tenant.',
} as const;

/** Registers the `tenants` commands. They follow the rules of the platform's routes, and write the same audit log entries. */
export function registerTenantCommands(program: Command, context: CliContext): void {
  const group = commandGroup(
    program,
    'tenants',
    'Manage tenants. Each access adds an entry to the audit log of the tenant.',
  );
  const actor: OperatorActor = { operatorId: null, details: context.actor };
  registerReading(group, context, actor);
  registerCreating(group, context, actor);
  registerPlans(group, context, actor);
  registerPasswords(group, context, actor);
  registerCountryPolicy(group, context, actor);
  registerLifecycle(group, context, actor);
}

function registerReading(group: Command, context: CliContext, actor: OperatorActor): void {
  subcommand(group, 'list', 'List tenants, page by page.')
    .option('--search <text>', 'beginning of the name or the subdomain')
    .addOption(
      new Option('--status <status>', 'only tenants with this status').choices([
        ...TENANT_STATUSES,
      ]),
    )
    .addOption(new Option('--plan <plan>', 'only tenants with this plan').choices([...PLANS]))
    .option('--limit <number>', 'tenants per page, up to 100', positiveInteger, 50)
    .option('--cursor <cursor>', 'cursor from the previous page')
    .action(async (options: ListOptions) => {
      const { ListTenantsQuery } =
        await import('../../../apps/auth-service/src/platform/tenants/platform-tenant.dto.js');
      const { validInput } = await import('../input.js');
      const { json: _json, ...filter } = options;
      const { tenants } = await context.services();
      const page = await tenants.list(validInput(ListTenantsQuery, filter), actor);
      context.show(options, page, () => {
        const table = formatTable(page.items, [
          { heading: 'id', value: (row) => row.id },
          { heading: 'subdomain', value: (row) => row.subdomain },
          { heading: 'name', value: (row) => row.name },
          { heading: 'plan', value: (row) => row.planType },
          { heading: 'status', value: (row) => row.status },
          { heading: 'created', value: (row) => row.createdAt },
        ]);
        return page.nextCursor === null ? table : `${table}More: --cursor ${page.nextCursor}\n`;
      });
    });

  subcommand(group, 'show <tenant>', 'Get a tenant by its id or its subdomain.').action(
    async (name: string, options: Json) => {
      const { tenants } = await context.services();
      const tenant = await tenants.get(await idOf(tenants, name), actor);
      const { usage, ...fields } = tenant;
      context.show(options, tenant, () => formatFields({ ...fields }) + formatUsage(usage));
    },
  );

  subcommand(group, 'usage <tenant>', 'Get the usage and the limits of a tenant.').action(
    async (name: string, options: Json) => {
      const { tenants } = await context.services();
      const usage = await tenants.getUsage(await idOf(tenants, name), actor);
      context.show(options, usage, () => formatUsage(usage));
    },
  );
}

function registerCreating(group: Command, context: CliContext, actor: OperatorActor): void {
  subcommand(group, 'create', 'Create a tenant and its first admin, even if sign-up is closed.')
    .requiredOption('--name <name>', 'name of the tenant')
    .requiredOption('--subdomain <subdomain>', 'subdomain of the tenant')
    .requiredOption('--admin-email <address>', 'email of the admin')
    .addOption(new Option('--plan <plan>', 'plan of the tenant').choices([...PLANS]))
    .action(async (options: CreateOptions) => {
      const { CreatePlatformTenantDto } =
        await import('../../../apps/auth-service/src/platform/tenants/platform-tenant.dto.js');
      const { validInput } = await import('../input.js');
      const { name, subdomain, adminEmail, plan: planType } = options;
      const input = validInput(CreatePlatformTenantDto, { name, subdomain, adminEmail, planType });
      const { tenants } = await context.services();
      const created = await tenants.create(input, actor);
      context.show(
        options,
        created,
        () =>
          `Created ${created.tenant.subdomain} (${created.tenant.id}).\n` +
          `Temporary password of ${created.adminEmail}, valid until ${created.expiresAt.toISOString()}. ` +
          `It is not shown again:\n\n  ${created.temporaryPassword}\n\n${HOW_TO_REPLACE}`,
      );
    });
}

function registerPlans(group: Command, context: CliContext, actor: OperatorActor): void {
  subcommand(
    group,
    'change-plan <tenant>',
    'Change the plan of a tenant, its own features and limits, and the end of its subscription. The rest stays as it is.',
  )
    .addOption(new Option('--plan <plan>', 'plan of the tenant').choices([...PLANS]))
    .option(
      '--feature <name=on|off|plan>',
      `switch a feature, or follow the plan again: ${FEATURES.join(', ')}`,
      collect,
      [],
    )
    .option(
      '--limit <name=number|plan>',
      `set a limit, or follow the plan again: ${LIMITS.join(', ')}`,
      collect,
      [],
    )
    .option('--subscription-ends <time>', 'ISO 8601 time with a time zone, or "never"')
    .action(async (name: string, options: PlanOptions) => {
      const { ChangePlanDto } =
        await import('../../../apps/auth-service/src/tenant/entitlements/entitlement.dto.js');
      const { validInput } = await import('../input.js');
      const change = validInput(ChangePlanDto, planChangeOf(options));
      const { tenants } = await context.services();
      const changed = await tenants.changePlan(await idOf(tenants, name), change, actor);
      context.show(options, changed, () => {
        const features = changed.features.map((row) => ({ ...row, value: row.enabled }));
        const table = formatTable(
          [...features, ...changed.limits],
          [
            { heading: 'name', value: (row) => row.name },
            { heading: 'value', value: (row) => row.value },
            { heading: 'source', value: (row) => row.source },
          ],
        );
        const exceeded = changed.exceeded.map(
          ({ limit, used, allowed }) => `Exceeded: ${limit}, ${used} of ${allowed} used.\n`,
        );
        return `Plan ${changed.plan}\n${table}${exceeded.join('')}`;
      });
    });
}

function registerPasswords(group: Command, context: CliContext, actor: OperatorActor): void {
  subcommand(
    group,
    'reset-password <tenant>',
    'Give the only admin of a tenant a temporary password, which they must change. Revokes their sessions. ' +
      'Unlocks the account if REDIS_URL is set.',
  )
    .requiredOption('--email <address>', 'email of the admin')
    .action(async (name: string, options: Json & { email: string }) => {
      const email = emailOf(options);
      const { tenants, adminPasswords, redis } = await context.services();
      const tenantId = await idOf(tenants, name);
      const disconnected = await connectionProblem(redis);
      const { mayBeLocked, ...reset } = await adminPasswords
        .reset(tenantId, email, actor)
        .catch((error: unknown) => {
          throw explainReset(error, name, email);
        });
      const unconfirmed = mayBeLocked ? 'Redis does not confirm the unlock.' : undefined;
      const problem = disconnected ?? unconfirmed;
      context.show(
        options,
        reset,
        () =>
          `Temporary password of ${reset.email}, valid until ${reset.expiresAt.toISOString()}. ` +
          `It is not shown again:\n\n  ${reset.temporaryPassword}\n\n${HOW_TO_REPLACE}`,
      );
      if (problem !== undefined)
        context.say(
          `${problem} If failed log-ins have locked the account, it stays locked for up to 15 minutes, ` +
            `or until an operator calls POST /api/v1/platform/tenants/${tenantId}/unlock-user.`,
        );
    });
}

/** Connects to the Redis that holds the locks of accounts. @returns why it could not; undefined if it could. */
async function connectionProblem({
  client,
}: Pick<CliServices['redis'], 'client'>): Promise<string | undefined> {
  if (client === undefined) return 'REDIS_URL is not set.';
  return client.connect().then(
    () => undefined,
    (error: Error) => `Redis is unreachable: ${error.message}.`,
  );
}

function registerCountryPolicy(group: Command, context: CliContext, actor: OperatorActor): void {
  subcommand(
    group,
    'reset-country-policy <tenant>',
    'Switch off the country policy of a tenant whose admins are all locked out. Its lists of countries stay.',
  ).action(async (name: string, options: Json) => {
    const { tenants } = await context.services();
    const before = await tenants.resetCountryPolicy(await idOf(tenants, name), actor);
    context.show(options, { countryPolicy: 'off', before: before ?? 'off' }, () =>
      before === null
        ? `The country policy of ${name} is off already.\n`
        : `The country policy of ${name} is off. It was ${before}.\n`,
    );
  });
}

function explainReset(error: unknown, tenant: string, email: string): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.code === 'NOT_FOUND') return refusal(`${email} is not an active admin of ${tenant}.`);
  if (error.code === 'INSUFFICIENT_PERMISSIONS')
    return refusal(`${tenant} has other admins, who can reset the password of ${email}.`);
  return error;
}

function registerLifecycle(group: Command, context: CliContext, actor: OperatorActor): void {
  for (const [transition, description] of Object.entries(TRANSITIONS) as [
    keyof typeof TRANSITIONS,
    string,
  ][]) {
    subcommand(group, `${transition} <tenant>`, description)
      .requiredOption('--reason <text>', 'reason, for the audit log')
      .action(async (name: string, options: Json & { reason: string }) => {
        const { TenantReasonDto } =
          await import('../../../apps/auth-service/src/platform/tenants/platform-tenant.dto.js');
        const { validInput } = await import('../input.js');
        const { reason } = validInput(TenantReasonDto, { reason: options.reason });
        const { tenants, lifecycle } = await context.services();
        const tenant = await lifecycle.transition(
          transition,
          await idOf(tenants, name),
          reason,
          actor,
        );
        context.show(options, tenant, () => `${tenant.subdomain} is ${tenant.status}.\n`);
      });
  }
  subcommand(group, 'purge <tenant>', 'Delete a canceled tenant and all of its data permanently.')
    .requiredOption('--reason <text>', 'reason, for the audit log')
    .requiredOption('--confirm <subdomain>', 'subdomain of the tenant, to confirm')
    .action(async (name: string, options: Json & { reason: string; confirm: string }) => {
      const { PurgeTenantDto } =
        await import('../../../apps/auth-service/src/platform/tenants/platform-tenant.dto.js');
      const { validInput } = await import('../input.js');
      const { reason, confirm: confirmSubdomain } = options;
      const input = validInput(PurgeTenantDto, { reason, confirmSubdomain });
      const { tenants, lifecycle } = await context.services();
      const id = await idOf(tenants, name);
      await lifecycle.beginPurge(id, input, actor);
      await lifecycle.purge(id);
      context.show(options, { id, purged: true }, () => `${name} has been purged.\n`);
    });
}

/** The options as the input of the route, whose rules validate them. */
function planChangeOf({ plan, feature, limit, subscriptionEnds }: PlanOptions): PlanChange {
  const named = [plan, subscriptionEnds, ...feature, ...limit];
  if (named.every((option) => option === undefined))
    throw misuse('Use at least one of --plan, --feature, --limit and --subscription-ends.');
  const features = feature.map((text): [Feature, boolean | null] => {
    const [name, value = ''] = text.split('=', 2);
    const known = FEATURES.find((candidate) => candidate === name);
    if (known === undefined || !['on', 'off', 'plan'].includes(value))
      throw misuse(`--feature ${text}: use one of ${FEATURES.join(', ')} with =on, =off or =plan.`);
    return [known, value === 'plan' ? null : value === 'on'];
  });
  const limits = limit.map((text): [Limit, number | null] => {
    const [name, value = ''] = text.split('=', 2);
    const known = LIMITS.find((candidate) => candidate === name);
    if (known === undefined || !/^(\d+|plan)$/.test(value))
      throw misuse(`--limit ${text}: use one of ${LIMITS.join(', ')} with =<number> or =plan.`);
    return [known, value === 'plan' ? null : Number(value)];
  });
  return {
    ...(plan !== undefined && { plan }),
    ...(subscriptionEnds !== undefined && {
      subscriptionEndsAt: subscriptionEnds === 'never' ? null : subscriptionEnds,
    }),
    features: Object.fromEntries(features),
    limits: Object.fromEntries(limits),
  };
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function formatUsage(usage: object): string {
  const rows = Object.entries(usage) as [string, { used: number; limit: number }][];
  return formatTable(rows, [
    { heading: 'limit', value: ([name]) => name },
    { heading: 'used', value: ([, { used }]) => used },
    { heading: 'allowed', value: ([, { limit }]) => limit },
  ]);
}
