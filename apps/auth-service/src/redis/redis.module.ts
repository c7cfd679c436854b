import { Module } from '@nestjs/common';
import { RedisConnection } from './redis.connection.js';

/** The one connection to Redis of the process. */
@Module({ providers: [RedisConnection], exports: [RedisConnection] })
export class RedisModule {}
