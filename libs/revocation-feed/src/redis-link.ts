import { randomUUID } from 'node:crypto';
import { Timestamp } from '@poc-tracker/auth-kit';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { DrawnTickets } from './redis-ticket.js';

const CHANNEL = 'poc-tracker:revocations';
/** One hash tag: a Redis Cluster keeps both on one node, as a script needs it. */
const LEASE = 'poc-tracker:{revocations}:leader';
const TICKETS = 'poc-tracker:{revocations}:tickets';

/** How long a leader that died keeps the others waiting; they ask PostgreSQL themselves meanwhile. */
const LEASE_MS = 300;

const COMMAND_TIMEOUT_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

/** Beats that wait for their answer; past it Redis hangs, and more would only pile up. */
const MAX_UNDER_WAY = 8;

/**
 * Draws a ticket; takes, keeps or gives up the lead; and publishes a line, if the lead is held. In one script, so that a
 * leader that was frozen and thaws finds out before its line goes to anybody.
 */
const BEAT = `
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
  if leader == ARGV[1] and ARGV[4] ~= '' then redis.call('PUBLISH', '${CHANNEL}', ARGV[4]) end
  return {issuer, number, leader == ARGV[1] and 1 or 0}`;

/** The two connections to Redis: one hears the lines, the other draws tickets and publishes. */
export class RedisLink {
  readonly tickets = new DrawnTickets();
  private readonly logger = new Logger(RedisLink.name);
  private readonly id = randomUUID();
  private readonly commands: Redis;
  private readonly subscriber: Redis;
  /** Of the Redis process at the other end; unknown until it has told. */
  private runId: string | undefined;
  private underWay = 0;
  private lost = false;

  constructor(url: string, applicationName: string) {
    const options = {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COMMAND_TIMEOUT_MS,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      // A beat that is sent again would draw its ticket long after the moment that it stands for.
      autoResendUnfulfilledCommands: false,
      connectionName: `${applicationName}-feed`,
      retryStrategy: (attempt: number) => Math.min(attempt * 100, MAX_RECONNECT_DELAY_MS),
    };
    this.commands = new Redis(url, options);
    this.subscriber = new Redis(url, { ...options, autoResubscribe: false });
  }

  start(onLine: (text: string) => void): void {
    this.commands.on('ready', () => void this.identify());
    this.commands.on('close', () => this.forget());
    this.commands.on('error', (error: Error) => {
      if (!this.lost)
        this.logger.warn(
          `Redis cannot carry revocations: ${error.message} This process asks PostgreSQL for them itself.`,
        );
      this.lost = true;
    });
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('ready', () => {
      this.subscriber.subscribe(CHANNEL).catch(() => this.subscriber.disconnect(true));
    });
    this.subscriber.on('message', (_channel: string, text: string) => onLine(text));
    for (const client of [this.commands, this.subscriber]) client.connect().catch(() => undefined);
  }

  /**
   * @param lead whether this process could lead.
   * @param line to publish, if this process leads.
   * @returns whether it leads now; false as well when Redis did not answer, and then the line may have been published or not.
   */
  async beat(lead: boolean, line = ''): Promise<boolean> {
    const { runId } = this;
    if (runId === undefined || this.underWay >= MAX_UNDER_WAY) return false;
    const sentAt = Timestamp.now();
    this.underWay += 1;
    try {
      const [issuer, number, leads] = (await this.commands.eval(
        BEAT,
        2,
        LEASE,
        TICKETS,
        this.id,
        randomUUID(),
        lead ? '1' : '0',
        line,
      )) as [string, number, number];
      if (runId !== this.runId) return false;
      this.tickets.add({ issuer: `${runId}/${issuer}`, number }, sentAt);
      return leads === 1;
    } catch {
      return false;
    } finally {
      this.underWay -= 1;
    }
  }

  async stop(): Promise<void> {
    await this.beat(false);
    for (const client of [this.commands, this.subscriber]) client.disconnect();
  }

  /** A Redis that does not tell who it is carries nothing: its tickets could be those of another one. */
  private async identify(): Promise<void> {
    try {
      const info = await this.commands.info('server');
      const runId = /^run_id:(\w+)/m.exec(info)?.[1];
      this.tickets.clear();
      this.runId = runId;
      if (this.lost) this.logger.log('Redis carries revocations again.');
      this.lost = false;
    } catch {
      this.commands.disconnect(true);
    }
  }

  private forget(): void {
    this.runId = undefined;
    this.tickets.clear();
  }
}
