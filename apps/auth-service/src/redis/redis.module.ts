import { type DynamicModule, Module } from '@nestjs/common';
import type { SharedRedis } from '@poc-tracker/redis';
import { RedisConnection } from './redis.connection.js';

/** The connection to Redis of the service itself, beside those of the libraries. */
@Module({})
export class RedisModule {
  static forRoot(redis: SharedRedis | undefined): DynamicModule {
    return {
      module: RedisModule,
      global: true,
      providers: [{ provide: RedisConnection, useFactory: () => new RedisConnection(redis) }],
      exports: [RedisConnection],
    };
  }
}
