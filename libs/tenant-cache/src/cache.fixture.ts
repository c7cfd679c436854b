import { randomUUID } from 'node:crypto';
import { shareRedis } from '@poc-tracker/redis';
import { vi } from 'vitest';
import { CacheStore } from './cache-store.js';
import type { Freshness, InvalidationSubscriber } from './freshness.js';
import { RedisLevel } from './redis/redis-level.js';
import type { TenantCache } from './tenant-cache.js';

/** A feed whose events and proofs the test controls. */
export class FakeFreshness implements Freshness {
  fresh = true;
  /** Tenants with a change of this process that the feed has not delivered. */
  readonly pending = new Set<string>();
  private subscriber: InvalidationSubscriber | undefined;

  constructor(public source: string | undefined = 'source') {}

  isFresh(tenantId: string | undefined): boolean {
    const isPending = tenantId === undefined ? this.pending.size > 0 : this.pending.has(tenantId);
    return this.fresh && !isPending;
  }

  waitUntilFresh(tenantId: string | undefined): boolean | Promise<boolean> {
    return this.isFresh(tenantId);
  }

  subscribe(subscriber: InvalidationSubscriber): void {
    this.subscriber = subscriber;
  }

  change(...tenantIds: string[]): void {
    this.subscriber?.onTenantsChanged(tenantIds);
  }

  gap(): void {
    this.subscriber?.onGap();
  }
}

/** The table of a database: what a load reads. */
export class FakeTable {
  readonly rows = new Map<string, string>();
  loads = 0;
  /** Set by the test: loads wait for it after they have read. */
  held: Promise<void> | undefined;
  failure: Error | undefined;

  /** Reads at once, and answers when the test lets it. */
  async read(key: string): Promise<string> {
    this.loads += 1;
    if (this.failure) throw this.failure;
    const value = this.rows.get(key) ?? 'none';
    await this.held;
    return value;
  }

  /** Loads wait from now on until the returned function is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.held = new Promise((resolve) => (release = resolve));
    return () => {
      this.held = undefined;
      release();
    };
  }
}

/** A process with a cache of texts. */
export class CacheProcess {
  readonly freshness: FakeFreshness;
  readonly store: CacheStore;
  readonly texts: TenantCache<string>;
  private readonly redis: RedisLevel | undefined;

  constructor(
    readonly table: FakeTable,
    { redisUrl, source }: { redisUrl?: string; source?: string } = {},
  ) {
    this.freshness = new FakeFreshness(source ?? 'source');
    const redis = shareRedis(redisUrl, 'test');
    this.redis = redis && new RedisLevel(redis);
    this.store = new CacheStore(this.freshness, this.redis);
    this.texts = this.store.declare<string>('text', {
      parse: (value) => (typeof value === 'string' ? value : undefined),
    });
    this.store.onModuleInit();
  }

  get(tenantId: string, key = 'key'): Promise<string> {
    return this.texts.get(tenantId, key, () => this.table.read(key));
  }

  /** Resolves when Redis serves values to this process. */
  async connected(): Promise<void> {
    await vi.waitFor(async () => {
      const start = await this.texts.beginLoad(randomUUID());
      if (start?.position === undefined) throw new Error('Redis does not serve yet.');
    }, 10_000);
  }

  stop(): void {
    this.store.onApplicationShutdown();
  }
}
