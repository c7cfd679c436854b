import { ApiError } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { WorkQueue } from './work-queue.js';

/** Tasks that end when the test resolves or rejects them. */
function pendingTasks() {
  const running: PromiseWithReject[] = [];
  let most = 0;
  let active = 0;
  const work = async () => {
    active += 1;
    most = Math.max(most, active);
    try {
      await new Promise<void>((resolve, reject) => running.push({ resolve, reject }));
    } finally {
      active -= 1;
    }
  };
  return { work, running, most: () => most };
}

interface PromiseWithReject {
  resolve: () => void;
  reject: (error: Error) => void;
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('WorkQueue', () => {
  it('runs up to its concurrency, queues up to its capacity and refuses the rest', async () => {
    const queue = new WorkQueue({ concurrency: 3, capacity: 5 });
    const { work, running, most } = pendingTasks();
    const outcomes = Array.from({ length: 100 }, () => queue.run(work));
    const refused: unknown[] = [];
    for (const outcome of outcomes) outcome.catch((error: unknown) => refused.push(error));
    await settled();
    expect(running).toHaveLength(3);
    expect(refused).toHaveLength(92);
    expect(
      refused.every((error) => error instanceof ApiError && error.code === 'SERVICE_BUSY'),
    ).toBe(true);
    expect(refused[0]).toMatchObject({ status: 503, retryAfter: 1 });

    for (let done = 0; done < 8; done += 1) {
      running[done]?.resolve();
      await settled();
    }
    const results = await Promise.allSettled(outcomes);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    expect(most()).toBe(3);
  });

  it('starts queued tasks in order of arrival', async () => {
    const queue = new WorkQueue({ concurrency: 1, capacity: 10 });
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map((piece) => queue.run(async () => void order.push(piece))));
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('frees the slot of a task that throws or rejects, and passes its error on', async () => {
    const queue = new WorkQueue({ concurrency: 1, capacity: 2 });
    const late = queue.run(() => Promise.reject(new Error('late')));
    const atOnce = queue.run(() => {
      throw new Error('at once');
    });
    const fine = queue.run(() => Promise.resolve('fine'));
    await expect(late).rejects.toThrow('late');
    await expect(atOnce).rejects.toThrow('at once');
    await expect(fine).resolves.toBe('fine');
    await expect(
      Promise.all([1, 2, 3].map((piece) => queue.run(() => Promise.resolve(piece)))),
    ).resolves.toEqual([1, 2, 3]);
  });

  it('does not exceed its concurrency when new tasks arrive while a slot is passed on', async () => {
    const queue = new WorkQueue({ concurrency: 2, capacity: 1_000 });
    let active = 0;
    let most = 0;
    const work = async () => {
      active += 1;
      most = Math.max(most, active);
      await settled();
      active -= 1;
    };
    await Promise.all(
      Array.from({ length: 300 }, () => queue.run(work).then(() => queue.run(work))),
    );
    expect(most).toBe(2);
    expect(active).toBe(0);
  });

  it('does not run a refused task', async () => {
    const queue = new WorkQueue({ concurrency: 1, capacity: 0 });
    const { work, running } = pendingTasks();
    const first = queue.run(work);
    let ran = false;
    await expect(queue.run(async () => void (ran = true))).rejects.toMatchObject({
      code: 'SERVICE_BUSY',
    });
    expect(ran).toBe(false);
    running[0]?.resolve();
    await first;
  });
});
