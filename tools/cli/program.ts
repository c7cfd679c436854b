import { ApiError, type FieldError } from '@poc-tracker/contracts';
import { Command, CommanderError } from 'commander';
import { registerAuditCommands } from './commands/audit.commands.js';
import { CliContext, type CliIo } from './cli.context.js';
import { CliError, EXIT, type ExitCode } from './cli.error.js';
import { registerClientCommands } from './commands/client.commands.js';
import { registerKeyCommands } from './commands/key.commands.js';
import { registerOperatorCommands } from './commands/operator.commands.js';
import { registerSeedCommands } from './commands/seed.commands.js';
import { registerTenantCommands } from './commands/tenant.commands.js';
import { registerUsageCommands } from './commands/usage.commands.js';
import { toApiError } from '../../apps/auth-service/src/constraint-codes.js';

/**
 * Runs one command line and answers its exit code: 0 done, 1 a finding or a refusal, 2 a wrong call or no database.
 * @param argv without the names of node and the script
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const context = new CliContext(io);
  try {
    await createProgram(context, io).parseAsync([...argv], { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // Commander has said it already; asking for help is no mistake.
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
    .showHelpAfterError('Add --help to see what it takes.')
    .addHelpText(
      'after',
      '\nIt works on the database of PLATFORM_DATABASE_URL (some commands: MIGRATION_DATABASE_URL), or on that of a ' +
        'running "npm start".\nExit codes: 0 done, 1 a finding or a refusal, 2 a wrong call or no database.',
    );
  registerTenantCommands(program, context);
  registerOperatorCommands(program, context);
  registerClientCommands(program, context);
  registerUsageCommands(program, context);
  registerAuditCommands(program, context);
  registerKeyCommands(program, context);
  registerSeedCommands(program, context);
  return program;
}

/** One sentence for a person: what a client would be told, and not how the code got there. */
function explain(error: unknown): { message: string; exitCode: ExitCode } {
  if (error instanceof CliError) return error;
  const known = error instanceof ApiError ? error : toApiError(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (known === undefined) return { message: reason, exitCode: EXIT.unusable };
  if (known.code === 'SERVICE_UNAVAILABLE') {
    const detail = reason === '' ? String((error as { code?: unknown }).code) : reason;
    return { message: `The database does not answer: ${detail}`, exitCode: EXIT.unusable };
  }
  return { message: `${known.message}${detailsOf(known)} (${known.code})`, exitCode: EXIT.refused };
}

function detailsOf({ code, details }: ApiError): string {
  if (details === undefined) return '';
  if (code !== 'VALIDATION_ERROR') return ` ${JSON.stringify(details)}`;
  return ` ${(details as FieldError[]).map(({ field, message }) => `${field} ${message}`).join('; ')}`;
}
