import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError } from '../embedded-postgres.error.js';
import { pollUntil } from '../poll.js';
import { processCommand } from './process-table.js';

/** A fast shutdown writes one checkpoint, which takes seconds for an embedded database. */
const STOP_TIMEOUT_MS = 15_000;

/**
 * Stops a server that a killed process left running on the data directory, or waits for one that is stopping, and removes a
 * stale postmaster.pid. Call it only with the lock of the directory.
 */
export async function stopLeftoverServer(dataDirectory: string): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  if (isServing(pid, dataDirectory)) {
    signal(pid, 'SIGINT', dataDirectory);
    const gone = await pollUntil(
      () => (isServing(pid, dataDirectory) ? undefined : true),
      STOP_TIMEOUT_MS,
    );
    if (gone === undefined) {
      throw new EmbeddedPostgresError(
        `A database server left over from an earlier start (process ${pid}) does not stop; stop it and start again.`,
      );
    }
  }
  // PostgreSQL would mistake any process with this pid for a server of this directory, and refuse to start.
  rmSync(pidFile, { force: true });
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isServing(pid: number, dataDirectory: string): boolean {
  const command = processCommand(pid) ?? '';
  return command.includes('postgres') && `${command} `.includes(` -D ${dataDirectory} `);
}

function signal(pid: number, name: NodeJS.Signals, dataDirectory: string): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new EmbeddedPostgresError(
      `A database server (process ${pid}) of another user uses ${dataDirectory}; stop it, or set DATA_DIR to another folder.`,
    );
  }
}
