import { randomFillSync } from 'node:crypto';

/** Random bytes for 256 ids, so that one system call serves all of them. */
const RANDOM_BLOCK = Buffer.alloc(256 * 10);

/** The counter starts in its lower half, so that at least 2,048 ids fit in a millisecond (RFC 9562, 6.2). */
const COUNTER_SEED_MASK = 0x7ff;
const COUNTER_MAX = 0xfff;

let offset = RANDOM_BLOCK.length;
let lastTime = 0;
let counter = 0;

/**
 * A UUID version 7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, a 12-bit counter (6.2, method 1), 62 random bits.
 * The ids of one process strictly increase, even within one millisecond or if the clock is set back.
 */
export function uuidv7(): string {
  if (offset === RANDOM_BLOCK.length) {
    randomFillSync(RANDOM_BLOCK);
    offset = 0;
  }
  const random = RANDOM_BLOCK.subarray(offset, (offset += 10));
  advanceClock(Date.now(), random.readUInt16BE(8));
  const time = lastTime.toString(16).padStart(12, '0');
  const variant = (0x8000 | (random.readUInt16BE(0) & 0x3fff)).toString(16);
  const version = (0x7000 | counter).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${random.toString('hex', 2, 8)}`;
}

function advanceClock(now: number, seed: number): void {
  if (now > lastTime) {
    lastTime = now;
    counter = seed & COUNTER_SEED_MASK;
  } else if (counter < COUNTER_MAX) {
    counter += 1;
  } else {
    // An exhausted counter uses the next millisecond, and the clock catches up.
    lastTime += 1;
    counter = seed & COUNTER_SEED_MASK;
  }
}
