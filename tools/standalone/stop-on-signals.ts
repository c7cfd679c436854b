import { describeStartFailure } from './start-failure.error.js';

/**
 * Ends the process on SIGINT and SIGTERM once `stop` is done. A signal that comes while stopping is not another wish:
 * Ctrl-C reaches us twice when npm started us, from the terminal and from npm.
 */
export function stopOnSignals(stop: () => Promise<void>): void {
  let stopping = false;
  const handle = (): void => {
    if (stopping) return;
    stopping = true;
    process.stdout.write('Finishing what is in flight and stopping …\n');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${describeStartFailure(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
}
