import { Logger } from '@nestjs/common';
import { connectionOptions, inTime, SILENCE_MS } from '@poc-tracker/redis';
import { Redis } from 'ioredis';
import { countingScript, REDIS_CLOCK, scriptArguments, toVerdicts } from './counting-script.js';
import type { Hit, HitCounter, Verdict } from './hit-counter.js';
import { MemoryCounter } from './memory-counter.js';

/** Longer than a busy Redis takes. A request waits no longer than this for its limits. */
const ANSWER_TIMEOUT_MS = 500;

/** How long a start waits for Redis. A frozen Redis accepts the connection and then says nothing. */
const START_TIMEOUT_MS = 1_000;

/** After a failure one request in this time tries Redis again, so that a slow Redis delays no others. */
const RETRY_MS = 1_000;

const COMMAND = 'countHits';

type CountingClient = Redis & Record<typeof COMMAND, (...args: unknown[]) => Promise<unknown>>;

export interface RedisCounterOptions {
  readonly url: string;
  readonly applicationName: string;
}

/**
 * Counts in Redis, for all instances together. While Redis is lost, slow, full, read-only or too old, this process counts
 * for itself: a limit then holds per instance.
 */
export class RedisCounter implements HitCounter {
  private readonly logger = new Logger(RedisCounter.name);
  private readonly client: CountingClient;
  private starting: Promise<void> | undefined;
  /** When Redis is tried again; undefined while it works. */
  private retryAt: number | undefined;

  constructor(
    { url, applicationName }: RedisCounterOptions,
    private readonly substitute: MemoryCounter = new MemoryCounter(),
    private readonly now: () => number = () => performance.now(),
  ) {
    const client = new Redis(url, {
      ...connectionOptions(`${applicationName}-limits`),
      socketTimeout: SILENCE_MS,
      // An attempt that is sent again would be counted twice.
      autoResendUnfulfilledCommands: false,
    });
    client.defineCommand(COMMAND, { lua: countingScript(REDIS_CLOCK) });
    client.on('error', (error: Error) => this.suspend(error));
    this.client = client as CountingClient;
  }

  /** True while this process counts for itself. */
  get isDegraded(): boolean {
    return this.retryAt !== undefined;
  }

  /** Waits a second for the first attempt to connect, so that the first requests count in Redis already. */
  start(): Promise<void> {
    this.starting ??= inTime(this.client.connect(), START_TIMEOUT_MS).catch((error: unknown) =>
      this.suspend(error),
    );
    return this.starting;
  }

  stop(): void {
    this.client.disconnect();
  }

  take(hits: readonly Hit[]): Verdict[] | Promise<Verdict[]> {
    if (this.retryAt !== undefined) {
      if (this.now() < this.retryAt) return this.substitute.take(hits);
      // The next requests do not wait for the outcome of this one.
      this.retryAt = this.now() + RETRY_MS;
    }
    return this.takeShared(hits);
  }

  /** Without Redis, only in this process: what was counted in Redis counts again when it is back. */
  async reset(key: string): Promise<void> {
    this.substitute.reset(key);
    if (this.retryAt !== undefined) return;
    try {
      await inTime(this.client.del(key), ANSWER_TIMEOUT_MS);
    } catch (error) {
      this.suspend(error);
    }
  }

  private async takeShared(hits: readonly Hit[]): Promise<Verdict[]> {
    try {
      const command = this.client[COMMAND](hits.length, ...scriptArguments(hits));
      const answer = await inTime(command, ANSWER_TIMEOUT_MS);
      const verdicts = toVerdicts(answer, hits);
      if (this.retryAt !== undefined) this.logger.log('Rate limits are counted in Redis again.');
      this.retryAt = undefined;
      return verdicts;
    } catch (error) {
      this.suspend(error);
      return this.substitute.take(hits);
    }
  }

  /** Logs one line per outage. */
  private suspend(error: unknown): void {
    if (this.retryAt === undefined) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn(
        `Rate limits cannot be counted in Redis (${reason}). Each instance counts for itself until it works again.`,
      );
    }
    this.retryAt = this.now() + RETRY_MS;
  }
}
