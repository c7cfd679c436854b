import { beforeEach, describe, expect, it } from 'vitest';
import { FakeTable } from './cache.fixture.js';
import { QueuedLoads } from './queued-loads.js';

let table: FakeTable;
let loads: QueuedLoads<string>;

beforeEach(() => {
  table = new FakeTable();
  loads = new QueuedLoads();
});

const load = async (...keys: string[]): Promise<unknown> =>
  Object.fromEntries(
    await loads.run(keys, async (missing) => {
      const found: [string, string][] = [];
      for (const key of missing) found.push([key, await table.read(key)]);
      return new Map(found);
    }),
  );

describe('A queued load', () => {
  it('begins after the request, and is shared by all that arrive during the one before', async () => {
    const release = table.hold();
    const first = load('acme');
    table.rows.set('acme', 'changed');
    const others = Array.from({ length: 400 }, () => load('acme'));
    release();
    expect(await first).toEqual({ acme: 'none' });
    expect(await Promise.all(others)).toEqual(
      Array.from({ length: 400 }, () => ({ acme: 'changed' })),
    );
    expect(table.loads).toBe(2);
  });

  it('does not wait for the loads of other keys', async () => {
    const release = table.hold();
    const first = load('acme');
    table.held = undefined;
    expect(await load('globex')).toEqual({ globex: 'none' });
    release();
    await first;
  });

  it('is shared key by key', async () => {
    const release = table.hold();
    const all = [load('acme'), load('acme', 'globex'), load('globex', 'initech')];
    release();
    expect(await Promise.all(all)).toEqual([
      { acme: 'none' },
      { acme: 'none', globex: 'none' },
      { globex: 'none', initech: 'none' },
    ]);
    expect(table.loads).toBe(4);
  });

  it('begins after one that failed, and fails for all that share it', async () => {
    const release = table.hold();
    const first = load('acme');
    const second = Promise.allSettled([load('acme'), load('acme')]);
    table.failure = new Error('The database is gone.');
    release();
    await first;
    expect((await second).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    table.failure = undefined;
    expect(await load('acme')).toEqual({ acme: 'none' });
  });
});
