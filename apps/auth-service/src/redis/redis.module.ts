import { Module } from '@nestjs/common';
import { RedisConnection } from './redis.connection.js';

/** The process has one connection to Redis. */
@Module({ providers: [RedisConnection], exports: [RedisConnection] })
export class RedisModule {}
