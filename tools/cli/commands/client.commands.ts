import { ApiError, isUuid } from '@poc-tracker/contracts';
import type { Command } from 'commander';
import { ServiceClientService } from '../../../apps/auth-service/src/platform/clients/service-client.service.js';
import type { CliContext } from '../cli.context.js';
import { misuse, refusal } from '../cli.error.js';
import { commandGroup, subcommand } from '../subcommand.js';
import { formatTable } from '../table.js';

/** Width of the column. */
const MAX_NAME_LENGTH = 100;

/** The commands for the services that ask about tokens. */
export function registerClientCommands(program: Command, context: CliContext): void {
  const clients = commandGroup(
    program,
    'clients',
    'Services that may ask about tokens: each with an id and a secret of its own.',
  );
  const service = () => new ServiceClientService(context.platform(), context.trail());
  const actor = { operatorId: null, details: context.actor };

  subcommand(clients, 'create', 'Register a service; its secret is printed once.')
    .requiredOption('--name <name>', 'what it is called here')
    .action(async (options: { name: string; json?: boolean }) => {
      const name = options.name.trim();
      if (name === '' || name.length > MAX_NAME_LENGTH)
        throw misuse(`--name must have 1 to ${MAX_NAME_LENGTH} characters.`);
      const client = await service().create(name, actor);
      context.show(
        options,
        client,
        () =>
          `Client ${client.name}\n\n  id      ${client.id}\n  secret  ${client.secret}\n\nShown this once.\n`,
      );
    });

  subcommand(clients, 'list', 'List the services, revoked ones included.').action(
    async (options: { json?: boolean }) => {
      const found = await service().list();
      context.show(options, found, () =>
        formatTable(found, [
          { heading: 'id', value: (row) => row.id },
          { heading: 'name', value: (row) => row.name },
          { heading: 'since', value: (row) => row.createdAt },
          { heading: 'revoked', value: (row) => row.revokedAt },
        ]),
      );
    },
  );

  subcommand(clients, 'revoke <id>', 'Refuse a service from now on.').action(
    async (id: string, options: { json?: boolean }) => {
      if (!isUuid(id)) throw misuse(`"${id}" is no client's id; see "clients list".`);
      await service()
        .revoke(id, actor)
        .catch((error: unknown) => {
          const unknown = error instanceof ApiError && error.code === 'NOT_FOUND';
          throw unknown ? refusal(`There is no client ${id} that could be revoked.`) : error;
        });
      context.show(options, { id, revoked: true }, () => `Client ${id} is refused from now on.\n`);
    },
  );
}
