import type { ApiError } from '@poc-tracker/contracts';
import { describeStartFailure } from './start-failure.js';

export interface ProcessOptions {
  /**
   * Starts everything and resolves when it serves.
   * @param stopWith call it as soon as there is something to stop, with what stops it.
   */
  start: (stopWith: (stop: () => Promise<void>) => void) => Promise<void>;
  /** Recognizes errors of the database. */
  translateError: (error: unknown) => ApiError | undefined;
}

/**
 * Runs a server as this process. SIGINT, SIGTERM and the end of the process that forked it stop it in order; exit code 0. A
 * failed start or stop prints one clear sentence, or the stack of an unexpected error; exit code 1.
 */
export function runProcess({ start, translateError }: ProcessOptions): void {
  const fail = (error: unknown): never => {
    process.stderr.write(`${describeStartFailure(error, translateError)}\n`);
    process.exit(1);
  };
  warnOfOldNode();
  start((stop) => stopOnSignals(stop, fail)).catch(fail);
}

/** A forked process leaves the warning to the one that forked it. */
function warnOfOldNode(): void {
  if (process.send !== undefined || Number.parseInt(process.versions.node) >= 22) return;
  process.stderr.write('Node 20 reached its end of life in April 2026; use 24.\n');
}

/** Ignores further signals while stopping: npm passes on a Ctrl-C that the terminal has sent to this process already. */
function stopOnSignals(stop: () => Promise<void>, fail: (error: unknown) => never): void {
  let stopping = false;
  const handle = (): void => {
    if (stopping) return;
    stopping = true;
    if (process.send === undefined)
      process.stdout.write('Finishing the requests in progress and stopping …\n');
    stop().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  process.on('disconnect', handle);
}
