import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { FairQueue, type FairQueueLimits } from './fair-queue.js';

const WIDE = {
  concurrency: 1,
  tenantConcurrency: 1_000,
  capacity: 1_000,
  tenantCapacity: 1_000,
  sourceCapacity: 1_000,
  deadlineMs: 600_000,
};

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A queue whose tasks are named `tenant/source`, and end when the test says so. */
function queueOf(limits: Partial<FairQueueLimits> = {}) {
  let time = 1_000;
  const queue = new FairQueue({ ...WIDE, ...limits }, () => time);
  const started: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const run = (name: string, signal?: AbortSignal): Promise<string> => {
    const [tenant = '', source = ''] = name.split('/');
    const outcome = queue.run(
      { tenant, source },
      () => {
        started.push(name);
        return new Promise<string>((resolve, reject) => {
          ends.push((error) => (error === undefined ? resolve(name) : reject(error)));
        });
      },
      signal,
    );
    outcome.catch(() => undefined);
    return outcome;
  };
  return {
    queue,
    run,
    started,
    /** Ends the task that runs for the longest, after this time. */
    endNext: async (milliseconds = 0, error?: Error) => {
      time += milliseconds;
      ends.shift()?.(error);
      await settled();
    },
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

async function refusedOf(outcomes: Promise<unknown>[]): Promise<ApiError[]> {
  const refused: ApiError[] = [];
  for (const outcome of outcomes) {
    outcome.catch((error: unknown) => {
      if (error instanceof ApiError) refused.push(error);
    });
  }
  await settled();
  return refused;
}

describe('FairQueue', () => {
  it('runs up to its concurrency, queues up to its capacity and refuses the rest', async () => {
    const { run, started, endNext } = queueOf({ concurrency: 3, capacity: 5 });
    const refused = await refusedOf(Array.from({ length: 100 }, (_, index) => run(`t${index}/s`)));
    expect(started).toHaveLength(3);
    expect(refused).toHaveLength(92);
    for (const error of refused)
      expect(error).toMatchObject({ code: 'SERVICE_BUSY', status: 503, retryAfter: 1 });
    for (let done = 0; done < 8; done += 1) await endNext();
    expect(started).toHaveLength(8);
  });

  it('refuses what exceeds the capacity of a tenant or a source, and accepts others', async () => {
    const { run } = queueOf({ tenantCapacity: 5, sourceCapacity: 3 });
    const burst = (name: string) => refusedOf(Array.from({ length: 20 }, () => run(name)));
    expect(await burst('a/1')).toHaveLength(20 - 1 - 3);
    expect(await burst('a/2')).toHaveLength(20 - 2);
    expect(await burst('a/3')).toHaveLength(20);
    expect(await burst('b/1')).toHaveLength(20 - 3);
  });

  it('lets tenants take turns, and within a tenant its sources', async () => {
    const { run, started, endNext } = queueOf();
    void run('running/x');
    for (const name of ['a/1', 'a/1', 'a/1', 'a/2', 'a/2', 'b/1', 'c/1', 'b/1']) void run(name);
    for (let done = 0; done < 9; done += 1) await endNext();
    expect(started.slice(1)).toEqual(['a/1', 'b/1', 'c/1', 'a/2', 'b/1', 'a/1', 'a/2', 'a/1']);
  });

  it('starts a task of a quiet tenant after at most one of a busy tenant', async () => {
    const { run, started, endNext } = queueOf();
    for (let count = 0; count < 400; count += 1) void run(`busy/${count % 40}`);
    for (let round = 0; round < 10; round += 1) {
      void run('quiet/1');
      const before = started.length;
      await endNext();
      await endNext();
      expect(started.slice(before)).toContain('quiet/1');
    }
  });

  it('keeps a slot free for others while one tenant uses its share', async () => {
    const { run, started, endNext } = queueOf({ concurrency: 4, tenantConcurrency: 2 });
    for (const name of ['a/1', 'a/1', 'a/1', 'a/2', 'b/1', 'c/1', 'b/1']) void run(name);
    expect(started).toEqual(['a/1', 'a/1', 'b/1', 'c/1']);
    await endNext();
    expect(started.slice(4)).toEqual(['b/1']);
    await endNext();
    expect(started.slice(5)).toEqual(['a/1']);
  });

  it('counts the tasks that a caller starts and ends, and ends each once', async () => {
    const { queue, run, started } = queueOf({ concurrency: 3, tenantConcurrency: 1 });
    const end = queue.tryStart('a');
    expect(queue.tryStart('a')).toBeUndefined();
    expect(queue.tryStart('b')).toBeTypeOf('function');
    void run('a/1');
    void run('a/1');
    expect([started, queue.waiting]).toEqual([[], 2]);
    end?.();
    end?.();
    await settled();
    expect([started, queue.waiting]).toEqual([['a/1'], 1]);
  });

  it('refuses a waiting task at the deadline although no other task ends', async () => {
    const { queue } = queueOf({ deadlineMs: 20 });
    queue.tryStart('a');
    await expect(
      queue.run({ tenant: 'b', source: '1' }, () => Promise.resolve()),
    ).rejects.toMatchObject({ code: 'SERVICE_BUSY' });
    expect(queue.waiting).toBe(0);
  });

  it('starts the tasks of one source in order of arrival', async () => {
    const { queue } = queueOf();
    const order: number[] = [];
    const owner = { tenant: 'a', source: '1' };
    await Promise.all(
      [1, 2, 3, 4].map((piece) => queue.run(owner, async () => void order.push(piece))),
    );
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('refuses a task at once that would not start before the deadline, and says when to retry', async () => {
    const { run, endNext } = queueOf({ deadlineMs: 2_000 });
    for (let done = 0; done < 60; done += 1) {
      void run('a/1');
      await endNext(500);
    }
    const refused = await refusedOf(Array.from({ length: 10 }, () => run('a/1')));
    // One runs, and four of almost half a second each start within two seconds.
    expect(refused).toHaveLength(5);
    expect(refused[0]).toMatchObject({ code: 'SERVICE_BUSY', retryAfter: 3 });
    expect(await refusedOf([run('b/1')])).toEqual([]);
  });

  it('refuses a task whose turn comes after the deadline, and runs the next one', async () => {
    const { run, started, endNext, pass } = queueOf({ deadlineMs: 2_000 });
    void run('a/1');
    const late = run('a/2');
    pass(1_500);
    void run('a/3');
    await endNext(600);
    await expect(late).rejects.toMatchObject({ code: 'SERVICE_BUSY' });
    expect(started).toEqual(['a/1', 'a/3']);
  });

  it('runs a task that a free slot waits for although the last one took longer than the deadline', async () => {
    const { run, started, endNext } = queueOf({ deadlineMs: 2_000 });
    void run('a/1');
    await endNext(60_000);
    void run('a/1');
    expect(started).toHaveLength(2);
    expect(await refusedOf([run('a/1')])).toHaveLength(1);
    for (let done = 0; done < 40; done += 1) {
      await endNext(20);
      void run('a/1');
    }
    expect(await refusedOf([run('a/1')])).toEqual([]);
  });

  it('frees the place of a task that is aborted while it waits', async () => {
    const { run, started, endNext } = queueOf({ tenantCapacity: 1 });
    void run('a/1');
    const client = new AbortController();
    const gone = run('a/1', client.signal);
    expect(await refusedOf([run('a/1')])).toHaveLength(1);
    client.abort(new Error('The client is gone.'));
    await expect(gone).rejects.toThrow('The client is gone.');
    void run('a/2');
    await endNext();
    expect(started).toEqual(['a/1', 'a/2']);
    await expect(run('a/3', client.signal)).rejects.toThrow('The client is gone.');
  });

  it('counts a place that is taken before its task is ready, and frees it once', async () => {
    const { queue, run } = queueOf({ tenantCapacity: 2 });
    const owner = { tenant: 'a', source: '1' };
    void run('a/1');
    const places = [queue.enter(owner), queue.enter(owner)];
    expect(() => queue.enter(owner)).toThrow(ApiError);
    expect(() => queue.enter({ tenant: 'b', source: '1' })).not.toThrow();
    places[0]?.leave();
    places[0]?.leave();
    queue.enter(owner);
    expect(() => queue.enter(owner)).toThrow(ApiError);
  });

  it('frees the slot of a task that throws or rejects, and passes its error on', async () => {
    const { queue } = queueOf();
    const owner = { tenant: 'a', source: '1' };
    const late = queue.run(owner, () => Promise.reject(new Error('late')));
    const atOnce = queue.run(owner, () => {
      throw new Error('at once');
    });
    const fine = queue.run(owner, () => Promise.resolve('fine'));
    await expect(late).rejects.toThrow('late');
    await expect(atOnce).rejects.toThrow('at once');
    await expect(fine).resolves.toBe('fine');
  });

  it('does not exceed its concurrency when new tasks arrive while a slot is passed on', async () => {
    const { queue } = queueOf({ concurrency: 2 });
    let active = 0;
    let most = 0;
    const work = async () => {
      active += 1;
      most = Math.max(most, active);
      await settled();
      active -= 1;
    };
    const run = (index: number) => queue.run({ tenant: String(index % 7), source: '1' }, work);
    await Promise.all(Array.from({ length: 300 }, (_, index) => run(index).then(() => run(index))));
    expect([most, active]).toEqual([2, 0]);
  });

  it('does not run a refused task', async () => {
    const { run, started } = queueOf({ capacity: 0 });
    void run('a/1');
    await expect(run('b/1')).rejects.toMatchObject({ code: 'SERVICE_BUSY' });
    expect(started).toEqual(['a/1']);
  });
});
