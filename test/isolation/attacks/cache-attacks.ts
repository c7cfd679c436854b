import { RedisOutages, type SharedRedis } from '@poc-tracker/redis';
import {
  CacheStore,
  type Freshness,
  RedisLevel,
  type TenantCache,
} from '@poc-tracker/tenant-cache';
import { openRedis } from '@poc-tracker/testing';
import { pollUntil } from '@poc-tracker/embedded';
import type { IsolationReport } from '../report.js';
import type { World } from '../world.js';

const ALWAYS_FRESH: Freshness = {
  isFresh: () => true,
  waitUntilFresh: () => true,
  source: 'isolation',
  subscribe: () => undefined,
};

/** A process with a cache of texts. */
function startProcess(redis: SharedRedis): { store: CacheStore; texts: TenantCache<string> } {
  const store = new CacheStore(ALWAYS_FRESH, new RedisLevel(redis));
  store.onModuleInit();
  const parse = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { store, texts: store.declare<string>('text', { parse }) };
}

/** Keys and ids of tenants as a caller may send them: none reads or drops what the cache holds for the victim. */
export async function attackCache(
  { attacker, victim }: World,
  report: IsolationReport,
): Promise<void> {
  const redis = await openRedis();
  const shared = { url: redis.url, applicationName: 'isolation', outages: new RedisOutages() };
  const processes = [startProcess(shared), startProcess(shared)] as const;
  const [owner, other] = processes;
  try {
    const connected = await pollUntil(async () => {
      const starts = await Promise.all(processes.map(({ texts }) => texts.beginLoad(victim.id)));
      return starts.every((start) => start?.position !== undefined) ? true : undefined;
    }, 10_000);
    if (connected === undefined) throw new Error('Redis does not serve the cache.');
    const start = await owner.texts.beginLoad(victim.id);
    if (start === undefined) throw new Error('Nothing can be stored.');
    await owner.texts.setMany(victim.id, new Map([['secret', 'theirs']]), start);

    const key = `mt:{${victim.id}}:text:secret`;
    const braced = [`}:mt:{${victim.id}}:text:secret`, `{${victim.id}}:text:secret`, key];
    for (const sent of [
      'secret',
      `text:secret`,
      `poc-tracker:${key}`,
      ...braced,
      '*',
      'a\r\nGET x',
    ])
      for (const { texts } of processes) {
        const seen = await texts
          .get(attacker.id, sent, () => Promise.resolve('ours'))
          .catch((error: unknown) => (error as Error).name);
        const passed = seen === 'ours' || seen === 'TypeError';
        const attempt = `cached value under the key ${JSON.stringify(sent)}`;
        report.recordFinding({ id: 'cache', attempt, result: seen, passed });
      }

    for (const sent of [
      attacker.id,
      '*',
      victim.id.toUpperCase(),
      `${victim.id}}`,
      `{${victim.id}}`,
    ])
      await owner.store.dropTenant(sent).catch(() => undefined);
    const kept = await other.texts.get(victim.id, 'secret', () => Promise.resolve('loaded again'));
    const attempt = "dropping the victim's cached values by other ids";
    report.recordFinding({ id: 'cache', attempt, result: kept, passed: kept === 'theirs' });
  } finally {
    for (const { store } of processes) store.onApplicationShutdown();
    await redis.stop();
  }
}
