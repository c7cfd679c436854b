import { randomNumbers } from '@poc-tracker/testing';

export interface Attempts {
  limit: number;
  windowSeconds: number;
  /** In milliseconds, increasing: bursts, pauses and single attempts. */
  times: number[];
}

/** The times of attempts at one rule, which differ with the seed. */
export function attempts(seed: number, length = 400): Attempts {
  const random = randomNumbers(seed);
  const windowSeconds = [1, 7, 60, 900][Math.floor(random() * 4)] ?? 60;
  const limit = 1 + Math.floor(random() * 12);
  const times: number[] = [];
  let now = Math.floor(random() * 1e12);
  for (let attempt = 0; attempt < length; attempt += 1) {
    const isBurst = random() < 0.6;
    const isPause = random() < 0.05;
    const step = isPause ? 2 : isBurst ? 0.005 : 0.4;
    now += Math.floor(random() * step * windowSeconds * 1_000);
    times.push(now);
  }
  return { limit, windowSeconds, times };
}

/** The times of all hits, without any arithmetic of slots. */
export class BruteForceLog {
  private readonly times: number[] = [];

  add(now: number): void {
    this.times.push(now);
  }

  /** Hits after this time. */
  countSince(start: number): number {
    return this.times.filter((time) => time > start).length;
  }
}
