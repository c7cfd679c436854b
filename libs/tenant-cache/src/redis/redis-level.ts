import { randomUUID } from 'node:crypto';
import {
  CircuitBreaker,
  connectionOptions,
  readRunId,
  type SharedRedis,
  SILENCE_MS,
} from '@poc-tracker/redis';
import { type ChainableCommander, Redis } from 'ioredis';
import { CLOCK_KEY, generationKey } from '../cache-keys.js';
import { RedisClock, type Ticket } from './redis-clock.js';
import {
  formatStoredValue,
  MAX_STORED_BYTES,
  parseStoredValue,
  type StoredValue,
} from './stored-value.js';

/** Issues a ticket. A flushed clock has a new issuer, because its numbers begin again. */
const ISSUE_TICKET = `
  local issuer = redis.call('HGET', KEYS[1], 'issuer')
  if not issuer then
    issuer = ARGV[1]
    redis.call('HSET', KEYS[1], 'issuer', issuer)
  end
  return {issuer, redis.call('HINCRBY', KEYS[1], 'number', 1)}`;

/** Longest wait for Redis. Loading the value takes about as long. */
const ANSWER_TIMEOUT_MS = 50;

const MAX_IN_FLIGHT = 256;

/** When it expires, the tenant's values are loaded again. */
const GENERATION_MS = 24 * 60 * 60 * 1000;

/** Of a read: what a value that is loaded after it is stored with. */
export type LoadPosition = Omit<StoredValue, 'value'>;

/** A value as Redis holds it, with what is left of its time. */
export interface FoundValue extends StoredValue {
  readonly remainingMs: number;
}

export interface RedisRead {
  readonly found: ReadonlyMap<string, FoundValue>;
  readonly position: LoadPosition;
}

/** A value to write, as JSON. */
export interface ValueText {
  readonly key: string;
  readonly text: string;
  readonly ttlMs: number;
}

/**
 * Values in Redis, shared by all processes. Nothing here ever fails or waits for long: a Redis that is slow, full, read-only,
 * frozen or gone costs its values only. `RedisClock` decides which values may be used.
 */
export class RedisLevel {
  private readonly circuit = new CircuitBreaker({
    deadlineMs: ANSWER_TIMEOUT_MS,
    maxInFlight: MAX_IN_FLIGHT,
    onOpen: (error) => this.shared.outages.begin('cached tenants', error),
    onClose: () => this.shared.outages.end('cached tenants'),
  });
  private readonly clock = new RedisClock();
  private readonly client: Redis;
  /** The run id of the Redis server; undefined until it is known. Two servers may have the same issuer after a fail-over. */
  private runId: string | undefined;

  constructor(private readonly shared: SharedRedis) {
    this.client = new Redis(shared.url, {
      ...connectionOptions(`${shared.applicationName}-cache`),
      socketTimeout: SILENCE_MS,
      autoResendUnfulfilledCommands: false,
    });
    this.client.on('error', (error: Error) => this.circuit.open(error));
    this.client.on('ready', () => void this.identify());
    this.client.on('close', () => {
      this.runId = undefined;
      this.clock.reset();
    });
  }

  /** Connects in the background and retries until it succeeds. */
  start(): void {
    this.client.connect().catch(() => undefined);
  }

  stop(): void {
    this.client.disconnect();
    this.shared.outages.end('cached tenants');
  }

  /** The tenants have changed: values that were loaded before are not trusted any longer. */
  invalidate(tenantIds: readonly string[]): void {
    const change = this.clock.beginChange(tenantIds);
    void this.issueTicket().then((ticket) => {
      if (ticket === undefined) this.clock.reset();
      else this.clock.completeChange(tenantIds, change, ticket);
    });
  }

  /** No value that was loaded before is trusted any longer. */
  invalidateAll(): void {
    this.clock.reset();
  }

  /** True if a value about the tenant includes every change that has been delivered to this process. */
  trusts(ticket: Ticket, tenantId: string): boolean {
    return this.clock.trusts(ticket, tenantId);
  }

  /**
   * The values of this source, and the position of a load that starts afterwards, in one round trip.
   * @param tenantId whose keys they are; undefined for keys without a tenant.
   * @returns undefined if Redis does not serve.
   */
  async read(
    source: string,
    keys: readonly string[],
    tenantId: string | undefined,
  ): Promise<RedisRead | undefined> {
    const { epoch } = this.clock;
    return this.run(async (runId) => {
      const pipeline = this.client.pipeline();
      pipeline.eval(ISSUE_TICKET, 1, CLOCK_KEY, randomUUID());
      if (tenantId !== undefined) {
        const generation = generationKey(tenantId);
        pipeline.set(generation, randomUUID(), 'PX', GENERATION_MS, 'NX').get(generation);
      }
      // Not GET, because another client may have stored a value of any size.
      for (const key of keys) pipeline.getrange(key, 0, MAX_STORED_BYTES - 1).pttl(key);
      const replies = await repliesOf(pipeline);
      const ticket = this.receive(replies.shift(), runId, epoch);
      let generation: string | null = null;
      if (tenantId !== undefined) {
        const [, stored] = replies.splice(0, 2);
        // Without a generation no value of the tenant is used: none is stored with this one again.
        generation = typeof stored?.[1] === 'string' ? stored[1] : randomUUID();
      }
      const found = new Map<string, FoundValue>();
      keys.forEach((key, index) => {
        const value = parseStoredValue(replies[2 * index]?.[1]);
        const remainingMs = Number(replies[2 * index + 1]?.[1]);
        if (value?.source === source && value.generation === generation && remainingMs > 0)
          found.set(key, { ...value, remainingMs });
      });
      return { found, position: { source, ticket, generation } };
    });
  }

  /** Stores values that were loaded after the read of the position, in one round trip. */
  async write(position: LoadPosition, values: readonly ValueText[]): Promise<void> {
    const texts = values
      .map(({ text, ...value }) => ({ ...value, text: formatStoredValue(position, text) }))
      .filter(({ text }) => Buffer.byteLength(text) <= MAX_STORED_BYTES);
    if (texts.length === 0) return;
    await this.run(async () => {
      const pipeline = this.client.pipeline();
      for (const { key, text, ttlMs } of texts) pipeline.set(key, text, 'PX', ttlMs);
      for (const [error] of await repliesOf(pipeline)) if (error !== null) throw error;
    });
  }

  /**
   * Drops every value under a key of the tenant in one command: such values carry the generation in which they were loaded.
   * A random text and not a counter, because a counter that Redis evicted would start again at the number that old values
   * carry.
   */
  async drop(tenantId: string): Promise<void> {
    await this.run(() =>
      this.client.set(generationKey(tenantId), randomUUID(), 'PX', GENERATION_MS),
    );
  }

  private async issueTicket(): Promise<Ticket | undefined> {
    const { epoch } = this.clock;
    return this.run(async (runId) => {
      const result = await this.client.eval(ISSUE_TICKET, 1, CLOCK_KEY, randomUUID());
      return this.receive([null, result], runId, epoch);
    });
  }

  /** @throws Error if no ticket was issued, for example because Redis is full or read-only. */
  private receive(reply: Reply | undefined, runId: string, epoch: number): Ticket {
    const [error, result] = reply ?? [new Error('no reply')];
    if (error !== null) throw error;
    const [issuer, number] = result as [string, number];
    const ticket = { issuer: `${runId}/${issuer}`, number };
    if (runId === this.runId) this.clock.receive(ticket, epoch);
    return ticket;
  }

  private async run<T>(work: (runId: string) => Promise<T>): Promise<T | undefined> {
    const { runId } = this;
    if (runId === undefined || !this.circuit.allowsRequest()) return undefined;
    return this.circuit.run(() => work(runId)).catch(() => undefined);
  }

  /** Without the run id, tickets of two servers could not be told apart, so none are issued. */
  private async identify(): Promise<void> {
    this.runId = await this.circuit.run(() => readRunId(this.client)).catch(() => undefined);
  }
}

type Reply = [error: Error | null, result: unknown];

/** @throws Error if the connection is lost. A command that Redis refused has its error in its reply. */
async function repliesOf(pipeline: ChainableCommander): Promise<Reply[]> {
  return (await pipeline.exec()) ?? [];
}
