import { ApiError, type FieldError } from '@poc-tracker/contracts';
import { Command, CommanderError, Help } from 'commander';
import { registerAuditCommands } from './commands/audit.commands.js';
import { CliContext, type CliIo } from './cli.context.js';
import { CliError, EXIT, type ExitCode } from './cli.error.js';
import { registerClientCommands } from './commands/client.commands.js';
import { registerKeyCommands } from './commands/key.commands.js';
import { registerMailCommands } from './commands/mail.commands.js';
import { registerOperatorCommands } from './commands/operator.commands.js';
import { registerSeedCommands } from './commands/seed.commands.js';
import { registerSessionCommands } from './commands/session.commands.js';
import { registerTenantCommands } from './commands/tenant.commands.js';
import { registerUsageCommands } from './commands/usage.commands.js';
import { toApiError } from '../../apps/auth-service/src/constraint-codes.js';

/**
 * Runs one command line.
 * @param argv without the names of node and the script
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const context = new CliContext(io);
  try {
    await createProgram(context, io).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // Commander has printed the message. Asking for help is not an error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.unusable;
    const { message, exitCode } = explain(error);
    io.stderr(`${message}\n`);
    return exitCode;
  } finally {
    await context.close();
  }
}

function createProgram(context: CliContext, io: CliIo): Command {
  const program = new Command('npm run cli --')
    .description("The operators' command line of POC Tracker.")
    .exitOverride()
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .configureHelp({
      optionDescription: (option) =>
        `${new Help().optionDescription(option)}${option.mandatory ? ' (required)' : ''}`,
    })
    .showHelpAfterError('Add --help for the options.')
    .addHelpText(
      'after',
      '\nThe commands use the database of PLATFORM_DATABASE_URL (seed: MIGRATION_DATABASE_URL), or the one of a running ' +
        '"npm start",\nwith its data in DATA_DIR (default: .data).\n' +
        'Exit codes: 0 success, 1 a problem found or a request refused, 2 wrong usage or no database.',
    );
  registerTenantCommands(program, context);
  registerOperatorCommands(program, context);
  registerClientCommands(program, context);
  registerUsageCommands(program, context);
  registerAuditCommands(program, context);
  registerSessionCommands(program, context);
  registerMailCommands(program, context);
  registerKeyCommands(program, context);
  registerSeedCommands(program, context);
  return program;
}

/** The sentence that a client of the API would get, without a stack. */
function explain(error: unknown): { message: string; exitCode: ExitCode } {
  if (error instanceof CliError) return error;
  const known = error instanceof ApiError ? error : toApiError(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (known === undefined) return { message: reason, exitCode: EXIT.unusable };
  if (known.code === 'SERVICE_UNAVAILABLE') {
    const detail = reason === '' ? String((error as { code?: unknown }).code) : reason;
    return { message: `The database is unreachable: ${detail}`, exitCode: EXIT.unusable };
  }
  return { message: `${known.message}${detailsOf(known)} (${known.code})`, exitCode: EXIT.refused };
}

function detailsOf({ code, details }: ApiError): string {
  if (details === undefined) return '';
  if (code !== 'VALIDATION_ERROR') return ` ${JSON.stringify(details)}`;
  return ` ${(details as FieldError[]).map(({ field, message }) => `${field} ${message}`).join('; ')}`;
}
