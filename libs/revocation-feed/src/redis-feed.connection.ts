import { randomUUID } from 'node:crypto';
import { Timestamp } from '@poc-tracker/auth-kit';
import { connectionOptions, readRunId, type SharedRedis } from '@poc-tracker/redis';
import { Redis } from 'ioredis';
import type { FeedSource } from './postgres-feed.connection.js';
import { TicketHistory } from './redis-ticket.js';

/** The names of one source. Installations that share a Redis, and servers before and after a fail-over, have their own. */
interface SourceNames {
  channel: string;
  lease: string;
  tickets: string;
}

function namesOf(source: FeedSource): SourceNames {
  // The braces are a hash tag: one slot for both keys of the script, if the feed ever moves to a Redis Cluster.
  const prefix = `poc-tracker:{revocations:${source}}`;
  return { channel: prefix, lease: `${prefix}:leader`, tickets: `${prefix}:tickets` };
}

/** How long the others wait for a crashed leader. Meanwhile they poll PostgreSQL themselves. */
const LEASE_MS = 300;

const COMMAND_TIMEOUT_MS = 500;

/** Heartbeats in flight. Above it Redis hangs, and more would only pile up. */
const MAX_IN_FLIGHT = 8;

/**
 * Issues a ticket; acquires, renews or releases the lease; and publishes a message if this process holds it. A single
 * script, so that a leader that was suspended loses its lease before its message is published.
 */
const HEARTBEAT = `
  local issuer = redis.call('HGET', KEYS[2], 'issuer')
  if not issuer then
    issuer = ARGV[2]
    redis.call('HSET', KEYS[2], 'issuer', issuer)
  end
  local number = redis.call('HINCRBY', KEYS[2], 'number', 1)
  redis.call('PEXPIRE', KEYS[2], 3600000)
  local leader = redis.call('GET', KEYS[1])
  if ARGV[3] == '1' then
    if not leader or leader == ARGV[1] then
      redis.call('SET', KEYS[1], ARGV[1], 'PX', ${LEASE_MS})
      leader = ARGV[1]
    end
  elseif leader == ARGV[1] then
    redis.call('DEL', KEYS[1])
    leader = false
  end
  if leader == ARGV[1] and ARGV[4] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[4]) end
  return {issuer, number, leader == ARGV[1] and 1 or 0}`;

/** The two connections to Redis: one receives messages, the other sends heartbeats and publishes. */
export class RedisFeedConnection {
  readonly tickets = new TicketHistory();
  private readonly id = randomUUID();
  private readonly commands: Redis;
  private readonly subscriber: Redis;
  /** Of the source whose messages this process reads; undefined until it has polled one. */
  private names: SourceNames | undefined;
  /** The run id of the Redis server; undefined until it is known. */
  private runId: string | undefined;
  private inFlight = 0;

  constructor(private readonly shared: SharedRedis) {
    const { url } = shared;
    const options = {
      ...connectionOptions(`${shared.applicationName}-feed`),
      commandTimeout: COMMAND_TIMEOUT_MS,
      // A heartbeat that is sent again would get its ticket long after its request time.
      autoResendUnfulfilledCommands: false,
    };
    this.commands = new Redis(url, options);
    this.subscriber = new Redis(url, { ...options, autoResubscribe: false });
  }

  start(onMessage: (text: string) => void): void {
    this.commands.on('ready', () => void this.identify());
    this.commands.on('close', () => this.reset());
    this.commands.on('error', (error: Error) => this.shared.outages.begin('revocations', error));
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('ready', () => this.listen());
    this.subscriber.on('message', (_channel: string, text: string) => onMessage(text));
    for (const client of [this.commands, this.subscriber]) client.connect().catch(() => undefined);
  }

  /** Reads and publishes messages of this source only; of none while the source is unknown. */
  follow(source: FeedSource | undefined): void {
    const previous = this.names;
    this.names = source === undefined ? undefined : namesOf(source);
    // Tickets of two sources are not comparable.
    this.tickets.clear();
    if (this.subscriber.status !== 'ready') return;
    if (previous !== undefined)
      this.subscriber.unsubscribe(previous.channel).catch(() => undefined);
    this.listen();
  }

  /**
   * @param canLead whether this process may become or stay the leader.
   * @param message to publish if this process is the leader.
   * @returns whether it is the leader; false as well if Redis did not respond, and then the message may or may not have
   * been published.
   */
  async heartbeat(canLead: boolean, message = ''): Promise<boolean> {
    const { runId, names } = this;
    if (runId === undefined || names === undefined || this.inFlight >= MAX_IN_FLIGHT) return false;
    const requestedAt = Timestamp.now();
    this.inFlight += 1;
    try {
      const [issuer, number, leads] = (await this.commands.eval(
        HEARTBEAT,
        2,
        names.lease,
        names.tickets,
        this.id,
        randomUUID(),
        canLead ? '1' : '0',
        message,
        names.channel,
      )) as [string, number, number];
      if (runId !== this.runId || names !== this.names) return false;
      this.tickets.add({ issuer: `${runId}/${issuer}`, number }, requestedAt);
      return leads === 1;
    } catch {
      return false;
    } finally {
      this.inFlight -= 1;
    }
  }

  async stop(): Promise<void> {
    await this.heartbeat(false);
    for (const client of [this.commands, this.subscriber]) client.disconnect();
    this.shared.outages.end('revocations');
  }

  private listen(): void {
    if (this.names === undefined) return;
    this.subscriber.subscribe(this.names.channel).catch(() => this.subscriber.disconnect(true));
  }

  /** Without the run id, tickets of two Redis servers could not be told apart, so none are requested. */
  private async identify(): Promise<void> {
    try {
      const runId = await readRunId(this.commands);
      if (runId === undefined) return;
      this.tickets.clear();
      this.runId = runId;
      this.shared.outages.end('revocations');
    } catch (error) {
      this.shared.outages.begin('revocations', error);
    }
  }

  private reset(): void {
    this.runId = undefined;
    this.tickets.clear();
  }
}
