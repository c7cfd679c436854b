import { ApiError } from '@poc-tracker/contracts';
import type { Command } from 'commander';
import {
  OperatorService,
  SECRET_LIFE_MINUTES,
} from '../../../apps/auth-service/src/platform/operators/operator.service.js';
import type { CliContext } from '../cli.context.js';
import { misuse, refusal } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';

interface EmailOption {
  email: string;
  json?: boolean;
}

/** The commands that make and unmake operators. Nothing else does. */
export function registerOperatorCommands(program: Command, context: CliContext): void {
  const operators = commandGroup(
    program,
    'operators',
    'The people who operate the platform, across all tenants.',
  );
  const service = () => new OperatorService(context.platform(), context.trail());

  subcommand(operators, 'create', 'Make a one-time secret with which somebody becomes an operator.')
    .requiredOption('--email <address>', 'whose it is; an operator sets a new password with it')
    .action(async (options: EmailOption) => {
      const email = await emailOf(options);
      const invitation = await service().invite(email, actorOf(context));
      context.show(
        options,
        invitation,
        () =>
          `One-time secret of ${invitation.email}, shown this once:\n\n  ${invitation.secret}\n\n` +
          `It is good for ${SECRET_LIFE_MINUTES} minutes and one use:\n` +
          '  POST /api/v1/platform/operators/activate {"email", "secret", "password"}\n' +
          "Then log in at the platform's own address, platform.<base domain>.\n",
      );
    });

  subcommand(operators, 'list', 'List operators, and those who have not used their secret.').action(
    async (options: { json?: boolean }) => {
      const found = await service().list();
      context.show(options, found, () =>
        formatTable(found, [
          { heading: 'e-mail', value: (row) => row.email },
          { heading: 'status', value: (row) => row.status },
          { heading: 'last log-in', value: (row) => row.lastLoginAt },
          { heading: 'since', value: (row) => row.createdAt },
        ]),
      );
    },
  );

  subcommand(operators, 'revoke', "End an operator's rights, sessions and unused secrets at once.")
    .requiredOption('--email <address>', 'whose')
    .action(async (options: EmailOption) => {
      const email = await emailOf(options);
      await service()
        .revoke(email, actorOf(context))
        .catch((error: unknown) => {
          throw explain(error, email);
        });
      context.show(options, { email, revoked: true }, () => `${email} is no operator any more.\n`);
    });
}

/** By the rule of the route that takes the secret: what passes here and not there would be a secret of no use. */
async function emailOf({ email }: EmailOption): Promise<string> {
  const { isEmail } = await import('class-validator');
  if (!isEmail(email)) throw misuse(`--email ${email} is no e-mail address.`);
  return email.toLowerCase();
}

function actorOf({ actor }: CliContext): { operatorId: null; details: Record<string, string> } {
  return { operatorId: null, details: actor };
}

function explain(error: unknown, email: string): unknown {
  if (error instanceof ApiError && error.code === 'NOT_FOUND')
    return refusal(`${email} is no operator.`);
  if ((error as { constraint?: unknown }).constraint !== 'users_last_admin_stays') return error;
  return refusal(
    `${email} is the last operator. Make another one first, or end this one's sessions with a new password: ` +
      `operators create --email ${email}`,
  );
}
