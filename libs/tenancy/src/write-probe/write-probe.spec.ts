import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UnansweredProbeError } from './probe-connection.js';
import { WriteProbe } from './write-probe.js';

const STATE = { version: '18.4' };
const REFUSED = new Error('connect ECONNREFUSED');

/** Milliseconds after which a connection gives up, as ProbeConnection does. */
const ANSWER_MS = 5_000;

const after = <T>(milliseconds: number, settle: () => T): Promise<T> =>
  new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(settle());
      } catch (error) {
        reject(error);
      }
    }, milliseconds);
  });

const fail = (error: Error): never => {
  throw error;
};

const writable = () => Promise.resolve(STATE);
const refusing = () => Promise.reject(REFUSED);
const silent = () => after(ANSWER_MS, () => fail(new UnansweredProbeError()));
const slow = (milliseconds: number) => () => after(milliseconds, () => STATE);

let server: () => Promise<typeof STATE>;
let close: () => Promise<void>;
let probes: number;
let probe: WriteProbe;

beforeEach(() => {
  vi.useFakeTimers();
  server = writable;
  close = vi.fn(() => Promise.resolve());
  probes = 0;
  const confirmWrite = () => {
    probes += 1;
    return server();
  };
  probe = new WriteProbe({ confirmWrite, close });
});

afterEach(async () => {
  await probe.close();
  vi.useRealTimers();
});

const advance = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

function isReady(): boolean {
  try {
    probe.assertWritable();
    return true;
  } catch {
    return false;
  }
}

/** The verdicts for a load balancer that asks at this interval. */
async function poll(interval: number, times: number): Promise<boolean[]> {
  const verdicts: boolean[] = [];
  for (let time = 0; time < times; time += 1) {
    await advance(interval);
    verdicts.push(isReady());
  }
  return verdicts;
}

describe('WriteProbe', () => {
  it('is not ready before the first answer, and is ready when its start resolves', async () => {
    server = slow(300);
    const start = probe.start();
    expect(() => probe.assertWritable()).toThrow('does not confirm a write');
    await advance(299);
    expect(isReady()).toBe(false);
    await advance(1);
    await start;
    expect(probe.assertWritable()).toEqual(STATE);
  });

  it('starts although PostgreSQL is silent, and is ready after its first answer', async () => {
    server = silent;
    const start = probe.start();
    await advance(ANSWER_MS);
    await start;
    expect(isReady()).toBe(false);
    server = writable;
    await advance(2_000);
    expect(isReady()).toBe(true);
  });

  it.each([1_000, 10_000, 30_000])(
    'stays ready for a load balancer that asks every %i ms while each probe is slow',
    async (interval) => {
      await probe.start();
      server = slow(4_900);
      expect(new Set(await poll(interval, 10))).toEqual(new Set([true]));
    },
  );

  it.each([10_000, 30_000])(
    'is not ready for the second call of a load balancer that asks every %i ms once PostgreSQL is silent',
    async (interval) => {
      await probe.start();
      server = silent;
      expect((await poll(interval, 3)).slice(1)).toEqual([false, false]);
    },
  );

  it('tolerates silence for ten seconds', async () => {
    await probe.start();
    server = silent;
    await advance(2_000 + 9_999);
    expect(isReady()).toBe(true);
    await advance(1);
    expect(isReady()).toBe(false);
    server = writable;
    await advance(ANSWER_MS + 2_000);
    expect(isReady()).toBe(true);
  });

  it('tolerates the next silence again after an answer', async () => {
    await probe.start();
    server = silent;
    await advance(8_000);
    server = writable;
    await advance(3_000);
    server = silent;
    await advance(9_000);
    expect(isReady()).toBe(true);
  });

  it('is not ready two seconds after PostgreSQL has begun to refuse, nor while it is silent then', async () => {
    await probe.start();
    server = refusing;
    await advance(2_000);
    expect(() => probe.assertWritable()).toThrow(REFUSED);
    server = silent;
    await advance(9_000);
    expect(isReady()).toBe(false);
    server = writable;
    await advance(ANSWER_MS + 2_000);
    expect(isReady()).toBe(true);
  });

  it('stays ready when the process was suspended between two probes', async () => {
    await probe.start();
    const suspended = performance.now() + 60_000;
    vi.spyOn(performance, 'now').mockReturnValue(suspended);
    expect(isReady()).toBe(true);
  });

  it('asks every two seconds however often it is asked, and no longer after it was closed', async () => {
    await probe.start();
    for (let call = 0; call < 100; call += 1) probe.assertWritable();
    await advance(4_000);
    expect(probes).toBe(3);
    await probe.close();
    await advance(60_000);
    expect([probes, vi.getTimerCount()]).toEqual([3, 0]);
    expect(close).toHaveBeenCalled();
  });

  it('asks no further when it is closed during a probe', async () => {
    server = slow(1_000);
    void probe.start();
    await probe.close();
    await advance(60_000);
    expect([probes, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
