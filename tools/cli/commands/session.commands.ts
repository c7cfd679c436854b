import { EnvironmentReader } from '@poc-tracker/http-service';
import type { Command } from 'commander';
import type { CliContext } from '../cli.context.js';
import { misuse } from '../cli.error.js';
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
    const url = readRedisUrl(context.env);
    const { platform } = await context.services();
    const { rebuildSessionMirror } = await import('./session-mirror.js');
    await rebuildSessionMirror(platform, url, DEADLINE_MS);
    context.show(options, { complete: true }, () => 'The mirror of sessions is complete.\n');
  });
}

function readRedisUrl(env: NodeJS.ProcessEnv): string {
  const reader = new EnvironmentReader(env);
  const url = reader.url('REDIS_URL', ['redis', 'rediss'], 'redis://127.0.0.1:6379');
  reader.assertValid();
  if (url === undefined) throw misuse('REDIS_URL is not set.');
  return url;
}
