import type { Command } from 'commander';
import type { CliContext } from '../cli.context.js';
import { commandGroup, subcommand } from '../subcommand.js';

const DEADLINE_MS = 10 * 60 * 1000;

/** Registers the `sessions` commands. */
export function registerSessionCommands(program: Command, context: CliContext): void {
  const sessions = commandGroup(program, 'sessions', 'Manage the mirror of sessions in Redis.');
  subcommand(
    sessions,
    'rebuild-index',
    'Write all sessions to Redis again, from PostgreSQL. Needs REDIS_URL. Safe at any time.',
  ).action(async (options: { json?: boolean }) => {
    const { platform, redis } = await context.services();
    const { rebuildSessionMirror } = await import('./session-mirror.js');
    await rebuildSessionMirror(platform, redis, DEADLINE_MS);
    context.show(options, { complete: true }, () => 'The mirror of sessions is complete.\n');
  });
}
