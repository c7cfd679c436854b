import { ApiError, PLATFORM_SUBDOMAIN } from '@poc-tracker/contracts';
import { checkEmail } from '@poc-tracker/text';
import type { Command } from 'commander';
import type { CliContext } from '../cli.context.js';
import { misuse, refusal } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';

interface EmailOption {
  email: string;
  json?: boolean;
}

/** Registers the `operators` commands. Nothing else creates or removes operators. */
export function registerOperatorCommands(program: Command, context: CliContext): void {
  const operators = commandGroup(
    program,
    'operators',
    'Manage operators, who have access to all tenants.',
  );

  subcommand(
    operators,
    'create',
    'Create a one-time secret with which a user activates an operator account.',
  )
    .requiredOption(
      '--email <address>',
      'email of the operator; an existing operator sets a new password with the secret',
    )
    .action(async (options: EmailOption) => {
      const email = emailOf(options);
      const { operators: service } = await context.services();
      const address = describeAddress(await context.publicUrl());
      const invitation = await service.invite(email, actorOf(context));
      context.show(
        options,
        invitation,
        () =>
          `One-time secret of ${invitation.email}. It is not shown again:\n\n  ${invitation.secret}\n\n` +
          `It can be used once, until ${invitation.expiresAt.toISOString()}:\n` +
          '  POST /api/v1/platform/operators/activate {"email", "secret", "password"}\n' +
          `Then log in at ${address}.\n`,
      );
    });

  subcommand(
    operators,
    'list',
    'List operators, including those who have not used their secret.',
  ).action(async (options: { json?: boolean }) => {
    const { operators: service } = await context.services();
    const found = await service.list();
    context.show(options, found, () =>
      formatTable(found, [
        { heading: 'email', value: (row) => row.email },
        { heading: 'status', value: (row) => row.status },
        { heading: 'last log-in', value: (row) => row.lastLoginAt },
        { heading: 'created', value: (row) => row.createdAt },
      ]),
    );
  });

  subcommand(
    operators,
    'reset-factors',
    'Remove the second factors of an operator who has lost them, revoke their sessions and tell them by mail.',
  )
    .requiredOption('--email <address>', 'email of the operator')
    .action(async (options: EmailOption) => {
      const email = emailOf(options);
      const { operatorFactors } = await context.services(await context.dataKeys());
      const kinds = await operatorFactors()
        .reset(email, actorOf(context))
        .catch((error: unknown) => {
          throw explain(error, email);
        });
      context.show(
        options,
        { email, removed: kinds },
        () =>
          `Second factors removed: ${kinds.length}. ${email} logs in with the password and adds a new one. If someone else may ` +
          'know the password, run operators create as well.\n',
      );
    });

  subcommand(operators, 'revoke', "Revoke an operator's rights, sessions and unused secrets.")
    .requiredOption('--email <address>', 'email of the operator')
    .action(async (options: EmailOption) => {
      const email = emailOf(options);
      const { operators: service } = await context.services();
      await service.revoke(email, actorOf(context)).catch((error: unknown) => {
        throw explain(error, email);
      });
      context.show(options, { email, revoked: true }, () => `${email} is no longer an operator.\n`);
    });
}

/** The command line cannot know the port that a server with PORT=0 on another database has got. */
function describeAddress(publicUrl: string): string {
  const address = publicUrl.replace('{tenant}', PLATFORM_SUBDOMAIN);
  if (!address.includes(':{port}')) return address;
  const host = address.replace(':{port}', '');
  return `${host}, at the port of the service. Set PUBLIC_URL to see the whole address here`;
}

/** The address in its stored form, by the rule of the routes: no user has any other address. */
export function emailOf({ email }: Pick<EmailOption, 'email'>): string {
  const checked = checkEmail(email);
  if ('refusal' in checked) throw misuse(`--email ${checked.refusal}.`);
  return checked.text;
}

function actorOf({ actor }: CliContext): { operatorId: null; details: Record<string, string> } {
  return { operatorId: null, details: actor };
}

function explain(error: unknown, email: string): unknown {
  if (error instanceof ApiError && error.code === 'NOT_FOUND')
    return refusal(`${email} is not an operator.`);
  if ((error as { constraint?: unknown }).constraint !== 'users_last_admin_stays') return error;
  return refusal(
    `${email} is the last operator. Create another one first, or revoke this one's sessions by setting a new password: ` +
      `operators create --email ${email}`,
  );
}
