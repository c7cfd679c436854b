import { ApiError, isUuid } from '@poc-tracker/contracts';
import { checkLine } from '@poc-tracker/text';
import type { Command } from 'commander';
import type { CliContext } from '../cli.context.js';
import { misuse, refusal } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';

/** The width of the database column. */
const MAX_NAME_LENGTH = 100;

/** Registers the `clients` commands. */
export function registerClientCommands(program: Command, context: CliContext): void {
  const clients = commandGroup(
    program,
    'clients',
    'Manage service clients, which may introspect tokens.',
  );
  const actor = { operatorId: null, details: context.actor };

  subcommand(clients, 'create', 'Create a service client. Its secret is shown once.')
    .requiredOption('--name <name>', 'unique name of the client')
    .action(async (options: { name: string; json?: boolean }) => {
      const name = checkLine(options.name, MAX_NAME_LENGTH);
      if ('refusal' in name) throw misuse(`--name ${name.refusal}.`);
      const { clients: service } = await context.services();
      const client = await service.create(name.text, actor);
      context.show(
        options,
        client,
        () =>
          `Client ${client.name}\n\n  id      ${client.id}\n  secret  ${client.secret}\n\nThe secret is not shown again.\n`,
      );
    });

  subcommand(clients, 'list', 'List service clients, including revoked ones.').action(
    async (options: { json?: boolean }) => {
      const { clients: service } = await context.services();
      const found = await service.list();
      context.show(options, found, () =>
        formatTable(found, [
          { heading: 'id', value: (row) => row.id },
          { heading: 'name', value: (row) => row.name },
          { heading: 'created', value: (row) => row.createdAt },
          { heading: 'revoked', value: (row) => row.revokedAt },
        ]),
      );
    },
  );

  subcommand(clients, 'revoke <id>', 'Revoke a service client.').action(
    async (id: string, options: { json?: boolean }) => {
      if (!isUuid(id)) throw misuse(`"${id}" is not the id of a client. See "clients list".`);
      const { clients: service } = await context.services();
      await service.revoke(id, actor).catch((error: unknown) => {
        const unknown = error instanceof ApiError && error.code === 'NOT_FOUND';
        throw unknown ? refusal(`There is no active client ${id}.`) : error;
      });
      context.show(options, { id, revoked: true }, () => `Client ${id} is revoked.\n`);
    },
  );
}
