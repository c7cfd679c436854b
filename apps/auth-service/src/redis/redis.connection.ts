import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { connectionOptions, SILENCE_MS } from '@poc-tracker/redis';
import { Redis } from 'ioredis';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';

/** Timeout of a command, so that requests do not wait for a Redis that hangs. */
const COMMAND_TIMEOUT_MS = 1_000;

/** Maximum delay between two attempts to reconnect. */
const MAX_RECONNECT_DELAY_MS = 5_000;

/**
 * The connection to Redis, which is an accelerator only. While it is lost, commands fail immediately instead of being
 * queued, and the service continues. An outage is logged once. Without a REDIS_URL there is no connection.
 */
@Injectable()
export class RedisConnection implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RedisConnection.name);
  private lost = false;

  /** Undefined without a REDIS_URL. */
  readonly client: Redis | undefined;

  constructor(@Inject(APP_CONFIG) { redis }: Pick<AppConfig, 'redis'>) {
    if (redis.url !== undefined) this.client = this.connect(redis.url);
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
    }
  }

  private connect(url: string): Redis {
    const client = new Redis(url, {
      ...connectionOptions('poc-tracker-auth-service'),
      commandTimeout: COMMAND_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      retryStrategy: (attempt) => Math.min(attempt * 200, MAX_RECONNECT_DELAY_MS),
    });
    client.on('error', (error: Error) => {
      if (!this.lost)
        this.logger.warn(
          `Redis cannot be reached: ${error.message}. The service continues without it.`,
        );
      this.lost = true;
    });
    client.on('ready', () => {
      this.logger.log(this.lost ? 'Redis is reconnected.' : 'Redis is connected.');
      this.lost = false;
    });
    return client;
  }
}
