import { Inject, Injectable } from '@nestjs/common';
import { RateLimitStorage } from '@poc-tracker/rate-limit';
import { RedisConnection } from '../redis/redis.connection.js';
import type { ServiceCheck } from './health-check.js';

/** A write by a script, as the revocation feed uses. A Redis that is full or read-only answers a PING and refuses this. */
const WRITE = "return redis.call('SET', KEYS[1], '1', 'PX', 1000)";
const KEY = 'poc-tracker:health';

/**
 * Checks that Redis accepts writes, and fast enough for the rate limits. Without a REDIS_URL the process keeps short-lived
 * state itself, which is healthy too.
 */
@Injectable()
export class RedisCheck implements ServiceCheck {
  readonly name = 'redis';
  readonly critical = false;
  /** See RedisOutages. */
  readonly logsOutages = true;

  constructor(
    @Inject(RedisConnection) private readonly connection: Pick<RedisConnection, 'client'>,
    @Inject(RateLimitStorage) private readonly limits: Pick<RateLimitStorage, 'assertShared'>,
  ) {}

  async probe(): Promise<Record<string, unknown>> {
    const { client } = this.connection;
    if (client === undefined) return { mode: 'embedded' };
    const shared = this.limits.assertShared();
    shared.catch(() => undefined);
    await client.eval(WRITE, 1, KEY);
    await shared;
    // An operator may deny INFO by an ACL; the memory is then left out.
    const memory = await client.info('memory').catch(() => '');
    const used = /^used_memory:(\d+)/m.exec(memory)?.[1];
    return { mode: 'server', ...(used !== undefined && { usedMemoryBytes: Number(used) }) };
  }
}
