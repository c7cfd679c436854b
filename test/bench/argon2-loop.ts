import { availableParallelism } from 'node:os';
import { verify } from 'argon2';

/** The input of the bare loop: a hash, its password and the duration. */
export interface Argon2Order {
  hash: string;
  password: string;
  seconds: number;
}

/** Verifies a password in a loop, in parallel on all cores. No log-in can be faster. */
async function verifyPerSecond({ hash, password, seconds }: Argon2Order): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let verified = 0;
  const worker = async () => {
    while (performance.now() < end) {
      if (!(await verify(hash, password))) throw new Error('argon2 refused the right password');
      verified += 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return (verified * 1000) / (performance.now() - start);
}

process.once('message', (order) => {
  void verifyPerSecond(order as Argon2Order).then((rate) =>
    process.send?.(rate, () => process.disconnect()),
  );
});
