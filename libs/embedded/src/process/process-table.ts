import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Fields of /proc/<pid>/stat after the command, which stands in brackets and may hold blanks (proc_pid_stat(5)). */
const START_TIME_AFTER_COMMAND = 19;

/** When the process started, in the system's own terms, so that a pid that was given out again can be told; null if unknown. */
export function processStartedAt(pid: number): string | null {
  if (process.platform !== 'linux') return askPs(pid, 'lstart');
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[START_TIME_AFTER_COMMAND] ?? null;
  } catch {
    return null;
  }
}

/** The command line of a process, arguments separated by blanks; null when there is no such process. */
export function processCommand(pid: number): string | null {
  if (process.platform !== 'linux') return askPs(pid, 'command');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return null;
  }
}

/** Debian's smallest images have no ps, hence /proc on Linux; every other Unix has it. */
function askPs(pid: number, column: string): string | null {
  const { status, stdout } = spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}
