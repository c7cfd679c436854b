import { Inject, Injectable } from '@nestjs/common';
import { RedisConnection } from '../redis/redis.connection.js';
import type { HealthCheck } from './health-check.js';

/** Checks that Redis answers. Without a REDIS_URL the process keeps short-lived state itself, which is healthy too. */
@Injectable()
export class RedisCheck implements HealthCheck {
  readonly name = 'redis';
  readonly critical = false;

  constructor(
    @Inject(RedisConnection) private readonly connection: Pick<RedisConnection, 'client'>,
  ) {}

  async probe(): Promise<Record<string, unknown>> {
    const { client } = this.connection;
    if (client === undefined) return { mode: 'embedded' };
    await client.ping();
    // An operator may deny INFO by an ACL; the memory is then left out.
    const memory = await client.info('memory').catch(() => '');
    const used = /^used_memory:(\d+)/m.exec(memory)?.[1];
    return { mode: 'server', ...(used !== undefined && { usedMemoryBytes: Number(used) }) };
  }
}
