import { type FeedSubscriber, type RevocationEvent, Timestamp } from '@poc-tracker/auth-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatFeedMessage, parseFeedMessage } from './feed-message.js';
import type { PollResult } from './postgres-feed.connection.js';
import type { PostgresFeedTransport } from './postgres-feed.transport.js';
import type { RedisFeedConnection } from './redis-feed.connection.js';
import { RedisFeedTransport } from './redis-feed.transport.js';
import { type Ticket, TicketHistory } from './redis-ticket.js';

const SOURCE = 'cluster-database-run';

const EVENT: RevocationEvent = { kind: 'session', tenantId: 'tenant', id: 'session' };

let isLeader: boolean;
let number: number;
let published: string[];
let polls: number;
let delivered: { events: readonly RevocationEvent[]; completeAsOf: Timestamp | undefined }[];
let transport: RedisFeedTransport;
let postgres: Pick<PostgresFeedTransport, 'connected' | 'idle' | 'onResult' | 'onLost'>;
let followed: (string | undefined)[];
let receive: (text: string) => void;
let tickets: TicketHistory;

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

const receiveMessage = (sequence: number, ticket: Ticket, epoch = 'epoch', source = SOURCE) =>
  receive(formatFeedMessage({ source, epoch, sequence, ticket, events: [EVENT] }));

/** A new ticket, as the leader gets it. */
const newTicket = (): Ticket => ({ issuer: 'redis', number: (number += 1) });

function returnResult(change: Partial<PollResult> = {}): void {
  const sentAt = Timestamp.now();
  const result = { source: SOURCE, sentAt, complete: true, cursor: '', events: [EVENT] };
  postgres.onResult?.({ ...result, ...change });
}

beforeEach(async () => {
  vi.useFakeTimers();
  [isLeader, number, published, polls, delivered, followed] = [false, 0, [], 0, [], []];
  tickets = new TicketHistory();
  postgres = {
    connected: true,
    idle: false,
    onResult: undefined,
    onLost: undefined,
    ...{ start: () => undefined, stop: () => Promise.resolve(), poll: () => (polls += 1) },
  };
  const redis = {
    tickets,
    start: (onMessage: (text: string) => void) => (receive = onMessage),
    stop: () => Promise.resolve(),
    follow: (source: string | undefined) => void followed.push(source),
    heartbeat: (_canLead: boolean, text?: string) => {
      tickets.add(newTicket(), Timestamp.now());
      if (isLeader && text !== undefined) published.push(text);
      return Promise.resolve(isLeader);
    },
  };
  const subscriber: FeedSubscriber = {
    onEvents: (events, completeAsOf) => void delivered.push({ events, completeAsOf }),
    onGap: () => undefined,
  };
  transport = new RedisFeedTransport(
    postgres as PostgresFeedTransport,
    redis as unknown as RedisFeedConnection,
  );
  transport.start(subscriber);
  await pass(30);
  returnResult();
  published = [];
  await pass(1);
  returnResult();
  delivered = [];
});

afterEach(async () => {
  await transport.stop();
  vi.useRealTimers();
});

/** Receives a first message, and polls PostgreSQL for the events before it. */
async function catchUp(): Promise<void> {
  receiveMessage(1, newTicket());
  await pass(1);
  returnResult();
}

describe('RedisFeedTransport of a reader', () => {
  it('polls PostgreSQL for the events before the first message, and is not fresh until the result arrives', async () => {
    receiveMessage(1, newTicket());
    expect(polls).toBe(1);
    receiveMessage(2, newTicket());
    expect(delivered.map(({ completeAsOf }) => completeAsOf)).toEqual([undefined, undefined]);
    await pass(1);
    returnResult();
    receiveMessage(3, newTicket());
    expect(delivered.at(-1)?.completeAsOf).toBeDefined();
  });

  it('dates a message by its own lower ticket, however late the message arrives', async () => {
    await catchUp();
    const drawn = newTicket();
    await pass(200);
    receiveMessage(2, drawn);
    const { completeAsOf } = delivered.at(-1) ?? {};
    expect(completeAsOf?.age).toBeGreaterThanOrEqual(200);
    expect(completeAsOf?.age).toBeLessThan(200 + 2 * 15);
  });

  it.each([
    ['of another Redis server', (): Ticket => ({ issuer: 'another', number: 1_000 })],
    ['older than all of its own', (): Ticket => ({ issuer: 'redis', number: 0 })],
  ])(
    'delivers the events of a message with a ticket %s, but is no fresher',
    async (_what, ticket) => {
      await catchUp();
      receiveMessage(2, ticket());
      expect(delivered.at(-1)).toEqual({ events: [EVENT], completeAsOf: undefined });
    },
  );

  it.each([
    ['a message is missing', 3, 'epoch'],
    ['the leader changes', 1, 'another'],
  ])(
    'polls PostgreSQL when %s, and trusts messages again after the result',
    async (_what, sequence, epoch) => {
      await catchUp();
      polls = 0;
      receiveMessage(sequence, newTicket(), epoch);
      expect(polls).toBe(1);
      expect(delivered.at(-1)).toEqual({ events: [EVENT], completeAsOf: undefined });
      await pass(1);
      returnResult();
      receiveMessage(sequence + 1, newTicket(), epoch);
      expect(delivered.at(-1)?.completeAsOf).toBeDefined();
    },
  );

  it('does not close a gap with the result of a poll that was sent before the gap', async () => {
    await catchUp();
    const sentAt = Timestamp.now();
    await pass(1);
    receiveMessage(3, newTicket());
    returnResult({ sentAt });
    receiveMessage(4, newTicket());
    expect(delivered.at(-1)?.completeAsOf).toBeUndefined();
  });

  it.each([
    ['another installation on the same Redis', 'another cluster-database-run'],
    ['the old primary after a fail-over', 'cluster-database-earlier run'],
  ])('gives a message no credit if its leader polls %s', async (_what, source) => {
    await catchUp();
    const before = delivered.length;
    receiveMessage(2, newTicket(), 'epoch', source);
    expect(delivered).toHaveLength(before);
    receiveMessage(2, newTicket());
    expect(delivered.at(-1)?.completeAsOf).toBeDefined();
  });

  it('gives no message credit after it lost its own connection to PostgreSQL, until it has polled again', async () => {
    await catchUp();
    const before = delivered.length;
    postgres.onLost?.();
    receiveMessage(2, newTicket());
    expect(delivered).toHaveLength(before);
    expect(followed).toEqual([SOURCE, undefined]);
    const PROMOTED = 'cluster-database-later run';
    returnResult({ source: PROMOTED });
    await pass(1);
    returnResult({ source: PROMOTED });
    expect(followed.at(-1)).toBe(PROMOTED);
    receiveMessage(3, newTicket());
    expect(delivered).toHaveLength(before);
    receiveMessage(1, newTicket(), 'epoch of the new leader', PROMOTED);
    expect(delivered).toHaveLength(before + 1);
  });

  it('does not poll PostgreSQL while messages arrive, and polls at once when they stop', async () => {
    await catchUp();
    receiveMessage(2, newTicket());
    await pass(15);
    expect(postgres.idle).toBe(true);
    polls = 0;
    await pass(100);
    expect(postgres.idle).toBe(false);
    expect(polls).toBeGreaterThan(0);
  });

  it.each([
    '',
    '{}',
    '[]',
    '["s","e",1,"i",1,[["nonsense","t","i"]]]',
    '["s","e",1,"i",1,[null]]',
    '["s","e","1","i",1,[]]',
    '["e",1,"i",1,[]]',
  ])('ignores a malformed message: %s', (text) => {
    receive(text);
    expect(delivered).toEqual([]);
    expect(parseFeedMessage(text)).toBeUndefined();
  });
});

describe('RedisFeedTransport of the leader', () => {
  beforeEach(async () => {
    isLeader = true;
    await pass(30);
  });

  it('publishes each result with a ticket received before the poll, and ignores messages of others', async () => {
    const held = number;
    await pass(1);
    returnResult();
    returnResult();
    const messages = published.map((text) => parseFeedMessage(text));
    expect(messages.map((message) => message?.sequence)).toEqual([1, 2]);
    expect(messages[0]).toMatchObject({
      ticket: { issuer: 'redis', number: held },
      events: [EVENT],
    });
    receiveMessage(1, newTicket());
    expect(delivered).toEqual([]);
  });

  it('publishes no ticket that it received after the poll was sent', async () => {
    await pass(1);
    const [sentAt, held] = [Timestamp.now(), number];
    await pass(60);
    expect(number).toBeGreaterThan(held);
    returnResult({ sentAt });
    expect(parseFeedMessage(published[0] ?? '')?.ticket.number).toBe(held);
  });

  it('starts a new epoch when its own result had a gap', () => {
    returnResult();
    returnResult({ complete: false });
    const [before, after] = published.map((text) => parseFeedMessage(text));
    expect(after?.epoch).not.toBe(before?.epoch);
  });

  it('publishes nothing without an earlier ticket, and skips a sequence number', async () => {
    tickets.clear();
    returnResult();
    expect(published).toEqual([]);
    await pass(16);
    returnResult();
    expect(parseFeedMessage(published[0] ?? '')?.sequence).toBe(2);
  });

  it('starts over when it is no longer the leader', async () => {
    returnResult();
    isLeader = false;
    await pass(15);
    receiveMessage(7, newTicket(), parseFeedMessage(published[0] ?? '')?.epoch);
    expect(delivered.at(-1)).toEqual({ events: [EVENT], completeAsOf: undefined });
  });
});
