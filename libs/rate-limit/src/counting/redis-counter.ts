import {
  CircuitBreaker,
  connectionOptions,
  inTime,
  type SharedRedis,
  SILENCE_MS,
} from '@poc-tracker/redis';
import { Redis } from 'ioredis';
import { countingScript, REDIS_CLOCK, scriptArguments, toVerdicts } from './counting-script.js';
import type { Hit, HitCounter, Verdict } from './hit-counter.js';
import { MemoryCounter } from './memory-counter.js';

/** Longer than a busy Redis takes. A request waits no longer than this for its limits. */
const ANSWER_TIMEOUT_MS = 500;

/** How long a start waits for Redis. A frozen Redis accepts the connection and then says nothing. */
const START_TIMEOUT_MS = 1_000;

const COMMAND = 'countHits';

type CountingClient = Redis & Record<typeof COMMAND, (...args: unknown[]) => Promise<unknown>>;

/**
 * Counts in Redis, for all instances together. While Redis is lost, slow, full, read-only or too old, this process counts
 * for itself: a limit then holds per instance.
 */
export class RedisCounter implements HitCounter {
  private readonly client: CountingClient;
  private readonly circuit: CircuitBreaker;
  private starting: Promise<void> | undefined;

  constructor(
    private readonly shared: SharedRedis,
    private readonly substitute: MemoryCounter = new MemoryCounter(),
    now?: () => number,
  ) {
    this.circuit = new CircuitBreaker({
      deadlineMs: ANSWER_TIMEOUT_MS,
      onOpen: (error) => shared.outages.begin('rate limits', error),
      onClose: () => shared.outages.end('rate limits'),
      ...(now && { now }),
    });
    const client = new Redis(shared.url, {
      ...connectionOptions(`${shared.applicationName}-limits`),
      socketTimeout: SILENCE_MS,
      // An attempt that is sent again would be counted twice.
      autoResendUnfulfilledCommands: false,
    });
    client.defineCommand(COMMAND, { lua: countingScript(REDIS_CLOCK) });
    client.on('error', (error: Error) => this.circuit.open(error));
    this.client = client as CountingClient;
  }

  /** True while this process counts for itself. */
  get isDegraded(): boolean {
    return this.circuit.isOpen;
  }

  /** Waits a second for the first attempt to connect, so that the first requests count in Redis already. */
  start(): Promise<void> {
    this.starting ??= inTime(this.client.connect(), START_TIMEOUT_MS).catch((error: unknown) =>
      this.circuit.open(error),
    );
    return this.starting;
  }

  stop(): void {
    this.client.disconnect();
    this.shared.outages.end('rate limits');
  }

  take(hits: readonly Hit[]): Verdict[] | Promise<Verdict[]> {
    return this.circuit.allowsRequest() ? this.takeShared(hits) : this.substitute.take(hits);
  }

  /** Without Redis, only in this process: what was counted in Redis counts again when it is back. */
  async reset(key: string): Promise<void> {
    this.substitute.reset(key);
    // Not `allowsRequest`: a full Redis deletes as well, and would seem to work again.
    if (this.isDegraded) return;
    await this.circuit.run(() => this.client.del(key)).catch(() => undefined);
  }

  private async takeShared(hits: readonly Hit[]): Promise<Verdict[]> {
    const count = async (): Promise<Verdict[]> =>
      toVerdicts(await this.client[COMMAND](hits.length, ...scriptArguments(hits)), hits);
    return this.circuit.run(count).catch(() => this.substitute.take(hits));
  }
}
