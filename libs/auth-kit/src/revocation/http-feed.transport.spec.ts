import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpFeedTransport } from './http-feed.transport.js';
import type { FeedSubscriber, RevocationEvent } from './revocation-feed.js';
import { formatStreamMessage, type StreamMessage } from './stream-message.js';
import type { Timestamp } from './timestamp.js';

const EVENT: RevocationEvent = { kind: 'session', tenantId: 'tenant', id: 'session' };

/** How far the issuer's monotonic clock is ahead of ours. */
const AHEAD = 1_000_000;

/** A stream as the issuer writes it. */
class FakeStream {
  readonly response: Response;
  private n = -1;
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    readonly epoch: string,
    signal: AbortSignal | null | undefined,
  ) {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
    });
    this.response = new Response(body);
    signal?.addEventListener('abort', () => this.fail());
  }

  write(message: Partial<StreamMessage> = {}): void {
    this.n += 1;
    this.send(
      formatStreamMessage({ epoch: this.epoch, n: this.n, t: issuerNow(), events: [], ...message }),
    );
  }

  send(text: string): void {
    this.controller?.enqueue(new TextEncoder().encode(text));
  }

  fail(): void {
    try {
      this.controller?.error(new Error('broken'));
    } catch {
      // It has ended already.
    }
  }
}

const issuerNow = () => performance.now() + AHEAD;

let streams: FakeStream[];
let delivered: { events: readonly RevocationEvent[]; completeAsOf: Timestamp | undefined }[];
let gaps: number;
let transport: HttpFeedTransport;
let status: number;
let requested: { url: string; authorization: string }[];

const subscriber: FeedSubscriber = {
  onEvents: (events, completeAsOf) => void delivered.push({ events, completeAsOf }),
  onGap: () => void (gaps += 1),
};

const latest = () => delivered.at(-1);

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  vi.spyOn(Logger.prototype, 'log').mockReturnValue();
  [streams, delivered, gaps, status, requested] = [[], [], 0, 200, []];
  transport = new HttpFeedTransport(
    { issuerUrl: 'https://issuer.test', clientId: 'client', clientSecret: 's:e' },
    {
      request: ((url: URL, init: RequestInit) => {
        requested.push({
          url: url.href,
          authorization: new Headers(init.headers).get('authorization') ?? '',
        });
        if (status !== 200) return Promise.resolve(new Response(null, { status }));
        const stream = new FakeStream(`epoch ${streams.length}`, init.signal);
        streams.push(stream);
        return Promise.resolve(stream.response);
      }) as typeof fetch,
    },
  );
  transport.start(subscriber);
  await pass(0);
});

afterEach(async () => {
  await transport.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const stream = (index: number): FakeStream => {
  const found = streams[index];
  if (found === undefined) throw new Error(`There is no stream ${index}.`);
  return found;
};

describe('HttpFeedTransport', () => {
  it('sends the credentials of the client, and reports a gap when the stream opens', async () => {
    expect(requested).toEqual([
      {
        url: 'https://issuer.test/api/v1/oauth/revocations',
        authorization: `Basic ${Buffer.from('client:s%3Ae').toString('base64')}`,
      },
    ]);
    expect(transport.connected).toBe(false);
    stream(0).write();
    await pass(0);
    expect(transport.connected).toBe(true);
    expect(gaps).toBe(1);
    expect(delivered).toEqual([]);
  });

  it('delivers events with their real age, however long a buffer delayed them', async () => {
    stream(0).write();
    await pass(0);
    stream(0).write({ events: [EVENT] });
    await pass(0);
    expect(latest()?.events).toEqual([EVENT]);
    expect(latest()?.completeAsOf?.age).toBeLessThan(1);
    const t = issuerNow();
    // Delayed on the network, or in the socket of a process that was suspended.
    await pass(1_900);
    stream(0).write({ t });
    await pass(0);
    expect(latest()?.completeAsOf?.age).toBeGreaterThanOrEqual(1_900);
  });

  it('adds the time that the request took to the age of events', async () => {
    await pass(80);
    stream(0).write();
    await pass(0);
    stream(0).write();
    await pass(0);
    // The message was written now, but all that is known is that the request was sent 80 ms ago.
    expect(latest()?.completeAsOf?.age).toBeGreaterThanOrEqual(80);
  });

  it('is no fresher after a message without a time', async () => {
    stream(0).write();
    stream(0).write({ t: null, events: [EVENT] });
    await pass(0);
    expect(latest()).toEqual({ events: [EVENT], completeAsOf: undefined });
  });

  it('reads messages that arrive in pieces, and several in one piece', async () => {
    stream(0).write();
    await pass(0);
    const message = (n: number) =>
      formatStreamMessage({ epoch: 'epoch 0', n, t: issuerNow(), events: [EVENT] });
    const text = message(1) + message(2);
    stream(0).send(text.slice(0, 20));
    stream(0).send(text.slice(20));
    await pass(0);
    expect(delivered).toHaveLength(2);
  });

  it.each([
    ['a message is missing', (): void => stream(0).write.call(Object.assign(stream(0), { n: 5 }))],
    ['a message belongs to another stream', (): void => stream(0).write({ epoch: 'another' })],
    ['a message is malformed', (): void => stream(0).send('{"events":[]}\n')],
    ['an event is malformed', (): void => stream(0).write({ events: [['session']] as never })],
    ['the stream breaks', (): void => stream(0).fail()],
  ])('reports a gap when %s, and opens another stream', async (_what, harm) => {
    stream(0).write();
    await pass(0);
    expect(gaps).toBe(1);
    harm();
    await pass(0);
    expect(gaps).toBe(2);
    expect(transport.connected).toBe(false);
    await pass(300);
    expect(streams).toHaveLength(2);
    stream(1).write();
    await pass(0);
    expect(gaps).toBe(3);
    expect(transport.connected).toBe(true);
  });

  it('reports a gap when the issuer does', async () => {
    stream(0).write();
    stream(0).write({ t: null, gap: true });
    await pass(0);
    expect(gaps).toBe(2);
  });

  it('replaces a stream on which no messages arrive', async () => {
    stream(0).write();
    await pass(2_200);
    expect(transport.connected).toBe(false);
    await pass(300);
    expect(streams.length).toBeGreaterThan(1);
  });

  it('retries with increasing delays while it is refused', async () => {
    stream(0).fail();
    status = 401;
    await pass(60_000);
    expect(requested.length).toBeGreaterThan(5);
    expect(requested.length).toBeLessThan(30);
    expect(transport.connected).toBe(false);
    expect(Logger.prototype.warn).toHaveBeenCalledTimes(1);
  });

  describe('when a stream is due for renewal', () => {
    const beat = async (milliseconds: number, index = 0): Promise<void> => {
      for (let passed = 0; passed < milliseconds; passed += 100) {
        await pass(100);
        stream(index).write();
      }
      await pass(0);
    };

    it('switches to a new stream without a gap, once the old one delivered every event before it opened', async () => {
      stream(0).write();
      await beat(8_300);
      expect(streams).toHaveLength(2);
      const before = issuerNow();
      await pass(50);
      stream(1).write();
      stream(1).write({ events: [EVENT] });
      await pass(0);
      // The events are delivered, but the old stream may still have to deliver earlier ones.
      expect(latest()).toEqual({ events: [EVENT], completeAsOf: undefined });
      stream(0).write({ t: before });
      stream(1).write();
      await pass(0);
      expect(latest()?.completeAsOf).toBeUndefined();
      await pass(10);
      stream(0).write();
      await pass(0);
      stream(1).write();
      await pass(0);
      expect(latest()?.completeAsOf).toBeDefined();
      expect(gaps).toBe(1);
      expect(transport.connected).toBe(true);
    });

    it('logs nothing about a failed renewal, because the old stream still works', async () => {
      stream(0).write();
      await beat(7_900);
      status = 503;
      await beat(1_000);
      expect(requested.length).toBeGreaterThan(1);
      expect(transport.connected).toBe(true);
      expect(Logger.prototype.warn).not.toHaveBeenCalled();
      stream(0).fail();
      await pass(0);
      expect(Logger.prototype.warn).toHaveBeenCalledTimes(1);
    });

    it('reports a gap when the old stream breaks before the switch', async () => {
      stream(0).write();
      await beat(8_300);
      stream(1).write();
      await pass(0);
      stream(0).fail();
      await pass(0);
      expect(gaps).toBe(2);
      expect(transport.connected).toBe(false);
    });

    it('adds the maximum clock drift to the age of events', async () => {
      stream(0).write();
      await beat(8_000);
      expect(latest()?.completeAsOf?.age).toBeGreaterThan(7);
      expect(latest()?.completeAsOf?.age).toBeLessThan(9);
    });
  });
});
