import { type FeedListener, Timestamp, type RevocationEvent } from '@poc-tracker/auth-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FeedAnswer } from './feed.connection.js';
import { formatLine, parseLine } from './feed-message.js';
import type { PostgresFeedTransport } from './postgres-feed.transport.js';
import { RedisFeedTransport } from './redis-feed.transport.js';
import type { RedisLink } from './redis-link.js';
import { DrawnTickets, type Ticket } from './redis-ticket.js';

const EVENT: RevocationEvent = { kind: 'session', tenantId: 'tenant', id: 'session' };

let leads: boolean;
let number: number;
let published: string[];
let polls: number;
let told: { events: readonly RevocationEvent[]; asOf: Timestamp | undefined }[];
let transport: RedisFeedTransport;
let postgres: Pick<PostgresFeedTransport, 'connected' | 'resting' | 'onAnswer'>;
let hear: (text: string) => void;
let tickets: DrawnTickets;

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

const line = (n: number, ticket: Ticket, epoch = 'epoch') =>
  hear(formatLine({ epoch, n, ticket, events: [EVENT] }));

/** A ticket of this moment, as the leader draws it. */
const ticketNow = (): Ticket => ({ issuer: 'redis', number: (number += 1) });

function answer(complete = true): void {
  const answered: FeedAnswer = { askedAt: Timestamp.now(), complete, cursor: '', events: [EVENT] };
  postgres.onAnswer?.(answered);
}

beforeEach(async () => {
  vi.useFakeTimers();
  [leads, number, published, polls, told] = [false, 0, [], 0, []];
  tickets = new DrawnTickets();
  postgres = {
    connected: true,
    resting: false,
    onAnswer: undefined,
    ...{ start: () => undefined, stop: () => Promise.resolve(), poll: () => (polls += 1) },
  };
  const link = {
    tickets,
    start: (onLine: (text: string) => void) => (hear = onLine),
    stop: () => Promise.resolve(),
    beat: (_lead: boolean, text?: string) => {
      tickets.add(ticketNow(), Timestamp.now());
      if (leads && text !== undefined) published.push(text);
      return Promise.resolve(leads);
    },
  };
  const listener: FeedListener = {
    tell: (events, asOf) => void told.push({ events, asOf }),
    gap: () => undefined,
  };
  transport = new RedisFeedTransport(
    postgres as PostgresFeedTransport,
    link as unknown as RedisLink,
  );
  transport.start(listener);
  await pass(30);
});

afterEach(async () => {
  await transport.stop();
  vi.useRealTimers();
});

/** A reader that has heard a line and has asked PostgreSQL for what came before. */
async function follows(): Promise<void> {
  line(1, ticketNow());
  await pass(1);
  answer();
}

describe('a reader', () => {
  it('asks PostgreSQL for what came before the first line, and until then grows no fresher', async () => {
    line(1, ticketNow());
    expect(polls).toBe(1);
    line(2, ticketNow());
    expect(told.map(({ asOf }) => asOf)).toEqual([undefined, undefined]);
    await pass(1);
    answer();
    line(3, ticketNow());
    expect(told.at(-1)?.asOf).toBeDefined();
  });

  it('counts a line from when it drew a lower ticket itself, however late it hears it', async () => {
    await follows();
    const drawn = ticketNow();
    await pass(200);
    line(2, drawn);
    const { asOf } = told.at(-1) ?? {};
    expect(asOf?.age).toBeGreaterThanOrEqual(200);
    expect(asOf?.age).toBeLessThan(200 + 2 * 15);
  });

  it.each([
    ['of another Redis', (): Ticket => ({ issuer: 'another', number: 1_000 })],
    ['that is older than all of its own', (): Ticket => ({ issuer: 'redis', number: 0 })],
  ])('tells the events of a line with a ticket %s, and grows no fresher', async (_what, ticket) => {
    await follows();
    line(2, ticket());
    expect(told.at(-1)).toEqual({ events: [EVENT], asOf: undefined });
  });

  it.each([
    ['a line is missing', 3, 'epoch'],
    ['another leads', 1, 'another'],
  ])(
    'asks PostgreSQL when %s, and believes lines again after the answer',
    async (_what, n, epoch) => {
      await follows();
      polls = 0;
      line(n, ticketNow(), epoch);
      expect(polls).toBe(1);
      expect(told.at(-1)).toEqual({ events: [EVENT], asOf: undefined });
      await pass(1);
      answer();
      line(n + 1, ticketNow(), epoch);
      expect(told.at(-1)?.asOf).toBeDefined();
    },
  );

  it('does not take an answer that was asked for before the line went missing for the missing line', async () => {
    await follows();
    const askedAt = Timestamp.now();
    await pass(1);
    line(3, ticketNow());
    postgres.onAnswer?.({ askedAt, complete: true, cursor: '', events: [] });
    line(4, ticketNow());
    expect(told.at(-1)?.asOf).toBeUndefined();
  });

  it('leaves PostgreSQL in peace while lines come, and asks at once when they stop', async () => {
    await follows();
    line(2, ticketNow());
    await pass(15);
    expect(postgres.resting).toBe(true);
    polls = 0;
    await pass(100);
    expect(postgres.resting).toBe(false);
    expect(polls).toBeGreaterThan(0);
  });

  it.each([
    '',
    '{}',
    '[]',
    '["e",1,"i",1,[["nonsense","t","i"]]]',
    '["e",1,"i",1,[null]]',
    '["e","1","i",1,[]]',
  ])('does not listen to what is no line: %s', (text) => {
    hear(text);
    expect(told).toEqual([]);
    expect(parseLine(text)).toBeUndefined();
  });
});

describe('a leader', () => {
  beforeEach(async () => {
    leads = true;
    await pass(30);
  });

  it('publishes each answer with a ticket that it held before it asked, and listens to nobody', async () => {
    const held = number;
    await pass(1);
    answer();
    answer();
    const lines = published.map((text) => parseLine(text));
    expect(lines.map((sent) => sent?.n)).toEqual([1, 2]);
    expect(lines[0]).toMatchObject({ ticket: { issuer: 'redis', number: held }, events: [EVENT] });
    line(1, ticketNow());
    expect(told).toEqual([]);
  });

  it('gives a line no ticket that it drew after it had asked', async () => {
    await pass(1);
    const [askedAt, held] = [Timestamp.now(), number];
    await pass(60);
    expect(number).toBeGreaterThan(held);
    postgres.onAnswer?.({ askedAt, complete: true, cursor: '', events: [] });
    expect(parseLine(published[0] ?? '')?.ticket.number).toBe(held);
  });

  it('starts another sequence of lines when its own answer had a gap', () => {
    answer();
    answer(false);
    const [before, after] = published.map((text) => parseLine(text));
    expect(after?.epoch).not.toBe(before?.epoch);
  });

  it('publishes nothing without a ticket of before, and leaves a number out', async () => {
    tickets.clear();
    answer();
    expect(published).toEqual([]);
    await pass(16);
    answer();
    expect(parseLine(published[0] ?? '')?.n).toBe(2);
  });

  it('starts over when it does not lead any more', async () => {
    answer();
    leads = false;
    await pass(15);
    line(7, ticketNow(), parseLine(published[0] ?? '')?.epoch);
    expect(told.at(-1)).toEqual({ events: [EVENT], asOf: undefined });
  });
});
