import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { ExecutionContext } from '@nestjs/common';
import {
  currentRequestSignal,
  findCurrentRequest,
  runInRequestContext,
  TenantInterceptor,
} from '@poc-tracker/tenancy';
import { defer, lastValueFrom } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheProcess, FakeTable } from './cache.fixture.js';

let table: FakeTable;
let here: CacheProcess;
let acme: string;

beforeEach(() => {
  table = new FakeTable();
  table.rows.set('key', 'old');
  here = new CacheProcess(table);
  acme = randomUUID();
});

/** The database commits a change, and the feed delivers it. */
function change(value: string): void {
  table.rows.set('key', value);
  here.freshness.change(acme);
}

describe('a cached value', () => {
  it('is loaded once, and counted', async () => {
    expect([await here.get(acme), await here.get(acme)]).toEqual(['old', 'old']);
    expect(table.loads).toBe(1);
    expect(here.store.counts()).toEqual([
      { cache: 'text', level: 'memory', hits: 1, misses: 1 },
      { cache: 'text', level: 'redis', hits: 0, misses: 0 },
    ]);
  });

  it('is loaded once for all requests that miss it at the same time', async () => {
    expect(await Promise.all(Array.from({ length: 9 }, () => here.get(acme)))).toEqual(
      Array(9).fill('old'),
    );
    expect(table.loads).toBe(1);
  });

  it('is loaded again after a change of its tenant only', async () => {
    await here.get(acme);
    here.freshness.change(randomUUID());
    await here.get(acme);
    expect(table.loads).toBe(1);
    change('new');
    expect(await here.get(acme)).toBe('new');
  });

  it('is loaded again after a gap in the feed', async () => {
    await here.get(acme);
    table.rows.set('key', 'new');
    here.freshness.gap();
    expect(await here.get(acme)).toBe('new');
  });

  it('is loaded for each request and not stored while the feed proves nothing', async () => {
    await here.get(acme);
    here.freshness.fresh = false;
    table.rows.set('key', 'new');
    expect([await here.get(acme), await here.get(acme)]).toEqual(['new', 'new']);
    expect(table.loads).toBe(3);
    here.freshness.fresh = true;
    change('newer');
    here.freshness.fresh = false;
    await here.get(acme);
    here.freshness.fresh = true;
    await here.get(acme);
    expect(table.loads).toBe(5);
  });

  it('is not stored if a change overtook its load', async () => {
    const release = table.hold();
    const first = here.get(acme);
    await Promise.resolve();
    change('new');
    release();
    // The load began after the request, so its result is good for that one request.
    expect(await first).toBe('old');
    expect(await here.get(acme)).toBe('new');
  });

  it('is not taken from a load that a change has overtaken since', async () => {
    const release = table.hold();
    const first = here.get(acme);
    await Promise.resolve();
    change('new');
    const second = here.get(acme);
    release();
    expect(await Promise.all([first, second])).toEqual(['old', 'new']);
  });

  it('is not taken from a load that began earlier if the feed proves nothing at its end', async () => {
    const release = table.hold();
    const first = here.get(acme);
    await Promise.resolve();
    const second = here.get(acme);
    table.rows.set('key', 'new');
    here.freshness.fresh = false;
    release();
    expect(await Promise.all([first, second])).toEqual(['old', 'new']);
  });

  it('is loaded again after a failed load, which all that waited for it see', async () => {
    table.failure = new Error('unavailable');
    const attempts = await Promise.allSettled([here.get(acme), here.get(acme)]);
    expect(attempts.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(table.loads).toBe(1);
    table.failure = undefined;
    expect(await here.get(acme)).toBe('old');
  });

  it('belongs to one tenant and one cache', async () => {
    const globex = randomUUID();
    await here.get(acme);
    table.rows.set('key', 'theirs');
    expect(await here.get(globex)).toBe('theirs');
    expect(await here.get(acme)).toBe('old');
    const other = here.store.declare<string>('other', { parse: () => undefined });
    expect(await other.get(acme, 'key', () => Promise.resolve('else'))).toBe('else');
    expect(() => here.store.declare('other', { parse: () => undefined })).toThrow(TypeError);
  });

  it('is dropped with its tenant, and with no other', async () => {
    const globex = randomUUID();
    await here.get(acme);
    await here.get(globex);
    await here.store.dropTenant(acme);
    await here.get(globex);
    expect(table.loads).toBe(2);
    await here.get(acme);
    expect(table.loads).toBe(3);
    await expect(here.store.dropTenant('*')).rejects.toThrow(TypeError);
  });

  it('is frozen, because requests share it', async () => {
    const themes = here.store.declare<{ colors: string[] }>('theme', { parse: () => undefined });
    const theme = await themes.get(acme, 'key', () => Promise.resolve({ colors: ['red'] }));
    expect(Object.isFrozen(theme.colors)).toBe(true);
  });
});

describe('a load', () => {
  const context = () => ({
    requestId: randomUUID(),
    user: { id: 'u', role: 'admin' as const, permissions: [] },
  });

  it.each([
    ['that other requests join', true],
    ['while the feed proves nothing', false],
  ])('%s runs outside of the request that starts it', async (_when, fresh) => {
    here.freshness.fresh = fresh;
    const load = () => Promise.resolve(findCurrentRequest()?.requestId ?? 'none');
    const get = () => here.texts.get(acme, 'key', load);
    expect(await runInRequestContext(context(), get)).toBe('none');
  });

  it('continues for the requests that joined it when the one that started it is aborted', async () => {
    const response = new EventEmitter();
    const release = table.hold();
    const load = () => abortable(table.read('key'), currentRequestSignal());
    const get = () => here.texts.get(acme, 'key', load);
    const first = inHandler(response, get);
    await vi.waitFor(() => {
      expect(table.loads).toBe(1);
    });
    const second = runInRequestContext(context(), get);
    response.emit('close');
    await expect(first).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    release();
    expect(await second).toBe('old');
    expect(table.loads).toBe(1);
  });

  /** Runs the handler of a request that is aborted when the response is closed. */
  function inHandler<T>(raw: EventEmitter, handler: () => Promise<T>): Promise<unknown> {
    const execution = {
      getHandler: () => handler,
      switchToHttp: () => ({ getResponse: () => ({ raw }) }),
    } as unknown as ExecutionContext;
    const interceptor = new TenantInterceptor({ requestTimeoutMs: 10_000 });
    return runInRequestContext(context(), () =>
      lastValueFrom(interceptor.intercept(execution, { handle: () => defer(handler) })),
    );
  }

  /** Fails when the signal is aborted, as a statement does. */
  function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject);
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }
});

describe('several values', () => {
  it('are read and loaded together, and each is joined by itself', async () => {
    const asked: (readonly string[])[] = [];
    const getMany = (keys: string[]) =>
      here.texts.getMany(acme, keys, async (missing) => {
        asked.push(missing);
        await table.held;
        return new Map(missing.filter((key) => key !== 'gone').map((key) => [key, `${key}!`]));
      });
    const release = table.hold();
    const both = [getMany(['a', 'b', 'gone']), getMany(['b', 'c'])];
    release();
    expect((await Promise.all(both)).map((values) => Object.fromEntries(values))).toEqual([
      { a: 'a!', b: 'b!' },
      { b: 'b!', c: 'c!' },
    ]);
    expect(asked).toEqual([['a', 'b', 'gone'], ['c']]);
  });

  it('are stored together, unless the tenant has changed since their load began', async () => {
    const store = async (overtaken: boolean): Promise<void> => {
      const start = await here.texts.beginLoad(acme);
      if (start === undefined) throw new Error('Nothing may be stored.');
      if (overtaken) here.freshness.change(acme);
      await here.texts.setMany(acme, new Map([['key', 'stored']]), start);
    };
    await store(true);
    expect(await here.get(acme)).toBe('old');
    here.freshness.change(acme);
    await store(false);
    expect(await here.get(acme)).toBe('stored');
    here.freshness.fresh = false;
    expect(await here.texts.beginLoad(acme)).toBeUndefined();
  });
});
