/** Redis did not answer in time. The command may still be carried out. */
export class NoAnswerError extends Error {
  constructor() {
    super('no answer in time');
  }
}

/**
 * Waits for the answer to a command. A pause of this process is not the fault of Redis: what has arrived is read first.
 * @throws NoAnswerError
 */
export function inTime<T>(command: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new NoAnswerError());
    // Timers run before the sockets are read, and immediates after it.
    const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), milliseconds);
    command.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
