import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  connectionOptions,
  type RedisOutages,
  type SharedRedis,
  SILENCE_MS,
} from '@poc-tracker/redis';
import { Redis } from 'ioredis';

/** Timeout of a command, so that requests do not wait for a Redis that hangs. */
const COMMAND_TIMEOUT_MS = 1_000;

/** Maximum delay between two attempts to reconnect. */
const MAX_RECONNECT_DELAY_MS = 5_000;

/**
 * The connection to Redis, which is an accelerator only. While it is lost, commands fail immediately instead of being
 * queued, and the service continues. Without a REDIS_URL there is no connection.
 */
export class RedisConnection implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RedisConnection.name);

  /** Undefined without a REDIS_URL. */
  readonly client: Redis | undefined;

  /** For those who use the client. Undefined without it. */
  readonly outages: RedisOutages | undefined;

  constructor(shared: SharedRedis | undefined) {
    if (shared === undefined) return;
    this.outages = shared.outages;
    this.client = this.connect(shared);
  }

  /** Starts connecting and does not wait: the service works without Redis. */
  onModuleInit(): void {
    // The 'error' listener logs a failure, and the client retries by itself.
    this.client?.connect().catch(() => undefined);
  }

  /** Runs after the HTTP server has finished open requests, which may still use the connection. */
  async onApplicationShutdown(): Promise<void> {
    if (this.client === undefined) return;
    try {
      if (this.client.status === 'ready') await this.client.quit();
    } catch {
      // The connection is broken or Redis did not answer in time; disconnect anyway.
    } finally {
      this.client.disconnect();
      this.outages?.end('its connection');
      this.outages?.end('locked accounts');
    }
  }

  private connect({ url, applicationName, outages }: SharedRedis): Redis {
    const client = new Redis(url, {
      ...connectionOptions(applicationName),
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      retryStrategy: (attempt) => Math.min(attempt * 200, MAX_RECONNECT_DELAY_MS),
    });
    client.on('error', (error: Error) => outages.begin('its connection', error));
    client.on('ready', () => {
      this.logger.debug('Redis is connected.');
      outages.end('its connection');
      // Otherwise it would end with the next wrong password only.
      outages.end('locked accounts');
    });
    return client;
  }
}
