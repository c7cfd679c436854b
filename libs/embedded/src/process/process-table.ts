import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Index in /proc/<pid>/stat after the command, which is in parentheses and may contain spaces (proc_pid_stat(5)). */
const START_TIME_AFTER_COMMAND = 19;

/** When the process started, in the format of the system, to detect a reused pid; null if unknown. */
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

/** The command line of a process, separated by spaces; null if there is no such process. */
export function processCommand(pid: number): string | null {
  if (process.platform !== 'linux') return askPs(pid, 'command');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return null;
  }
}

/** For systems other than Linux. Small Linux images have no ps, so /proc is read there. */
function askPs(pid: number, column: string): string | null {
  const { status, stdout } = spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}
