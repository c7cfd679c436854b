import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { Redis } from 'ioredis';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';

/** A command that takes longer is given up: a Redis that hangs must not hang the requests that ask it. */
const COMMAND_TIMEOUT_MS = 1_000;

const CONNECT_TIMEOUT_MS = 2_000;

/** Waits between attempts to reconnect grow to this, so that a Redis that comes back is found within seconds. */
const MAX_RECONNECT_DELAY_MS = 5_000;

/**
 * The connection to Redis, which accelerates and never decides: losing it is logged once an outage, commands fail at
 * once instead of queueing, and the process goes on. Without a REDIS_URL there is none.
 */
@Injectable()
export class RedisConnection implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RedisConnection.name);
  private lost = false;

  /** Undefined in the embedded set-up. */
  readonly client: Redis | undefined;

  constructor(@Inject(APP_CONFIG) { redis }: Pick<AppConfig, 'redis'>) {
    if (redis.url !== undefined) this.client = this.connect(redis.url);
  }

  /** Starts connecting and does not wait for it: a service without its accelerator still serves. */
  onModuleInit(): void {
    // The 'error' event has told of a failure, and the client retries by itself.
    this.client?.connect().catch(() => undefined);
  }

  /** After the HTTP server has answered what was in flight, which may still have used the connection. */
  async onApplicationShutdown(): Promise<void> {
    if (this.client === undefined) return;
    try {
      if (this.client.status === 'ready') await this.client.quit();
    } catch {
      // The connection broke, or nobody answered in time, which is an end too.
    } finally {
      this.client.disconnect();
    }
  }

  private connect(url: string): Redis {
    const client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectionName: 'poc-tracker-auth-service',
      retryStrategy: (attempt) => Math.min(attempt * 200, MAX_RECONNECT_DELAY_MS),
    });
    client.on('error', (error: Error) => {
      if (!this.lost)
        this.logger.warn(
          `Redis cannot be reached: ${error.message}. The service goes on without it.`,
        );
      this.lost = true;
    });
    client.on('ready', () => {
      this.logger.log(this.lost ? 'Redis is back.' : 'Redis is connected.');
      this.lost = false;
    });
    return client;
  }
}
