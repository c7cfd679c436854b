import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Whether processes can be pinned to one core each. Without it, the ratios still hold, with more noise. */
export const pinning = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;

/** Clock ticks per second in /proc/<pid>/stat, which Linux always reports as 100. */
const TICKS_PER_SECOND = 100;

/** The command that runs a Node program on one core. */
export function onCore(core: number, args: string[]): string[] {
  return [...(pinning ? ['taskset', '-c', String(core)] : []), process.execPath, ...args];
}

/** Sends one message to a program and returns its answer. */
export async function ask<Answer>(core: number, program: string, order: object): Promise<Answer> {
  const [command = process.execPath, ...args] = onCore(core, ['--import', 'tsx', program]);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const answer = new Promise<Answer>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Answer));
    child.once('exit', (code) =>
      reject(new Error(`${program} ended with ${code} before it answered`)),
    );
  });
  child.send(order);
  return answer;
}

/** Returns the CPU time of a process in seconds, or undefined without /proc. */
export function cpuSeconds(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}
