import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpFeedTransport } from './http-feed.transport.js';
import type { Timestamp } from './timestamp.js';
import type { FeedListener, RevocationEvent } from './revocation-feed.js';
import { formatStreamMessage, type StreamMessage } from './stream-message.js';

const EVENT: RevocationEvent = { kind: 'session', tenantId: 'tenant', id: 'session' };

/** How far the issuer's monotonic clock is ahead of ours. */
const AHEAD = 1_000_000;

/** One stream as the issuer writes it. */
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

  write(line: Partial<StreamMessage> = {}): void {
    this.n += 1;
    this.send(
      formatStreamMessage({ epoch: this.epoch, n: this.n, t: issuerNow(), events: [], ...line }),
    );
  }

  send(text: string): void {
    this.controller?.enqueue(new TextEncoder().encode(text));
  }

  fail(): void {
    try {
      this.controller?.error(new Error('broken'));
    } catch {
      // It is at its end already.
    }
  }
}

const issuerNow = () => performance.now() + AHEAD;

let streams: FakeStream[];
let told: { events: readonly RevocationEvent[]; asOf: Timestamp | undefined }[];
let gaps: number;
let transport: HttpFeedTransport;
let status: number;
let requested: { url: string; authorization: string }[];

const listener: FeedListener = {
  tell: (events, asOf) => void told.push({ events, asOf }),
  gap: () => void (gaps += 1),
};

const latest = () => told.at(-1);

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
  vi.spyOn(Logger.prototype, 'log').mockReturnValue();
  [streams, told, gaps, status, requested] = [[], [], 0, 200, []];
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
  transport.start(listener);
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

describe('the feed over HTTP', () => {
  it('asks with the credentials of the client and says first that it knows nothing of before', async () => {
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
    expect(told).toEqual([]);
  });

  it('tells events with an age that no buffer on the way can hide', async () => {
    stream(0).write();
    await pass(0);
    stream(0).write({ events: [EVENT] });
    await pass(0);
    expect(latest()?.events).toEqual([EVENT]);
    expect(latest()?.asOf?.age).toBeLessThan(1);
    const t = issuerNow();
    // On the way for three seconds, or in the socket of a process that was frozen.
    await pass(1_900);
    stream(0).write({ t });
    await pass(0);
    expect(latest()?.asOf?.age).toBeGreaterThanOrEqual(1_900);
  });

  it('counts what the opening took against the issuer, never for it', async () => {
    await pass(80);
    stream(0).write();
    await pass(0);
    stream(0).write();
    await pass(0);
    // The line is of this moment, but all that is known is that the opening was sent 80 ms ago.
    expect(latest()?.asOf?.age).toBeGreaterThanOrEqual(80);
  });

  it('grows no fresher by a line that does not say as of when', async () => {
    stream(0).write();
    stream(0).write({ t: null, events: [EVENT] });
    await pass(0);
    expect(latest()).toEqual({ events: [EVENT], asOf: undefined });
  });

  it('reads lines that come in pieces, and several at once', async () => {
    stream(0).write();
    await pass(0);
    const line = (n: number) =>
      formatStreamMessage({ epoch: 'epoch 0', n, t: issuerNow(), events: [EVENT] });
    const text = line(1) + line(2);
    stream(0).send(text.slice(0, 20));
    stream(0).send(text.slice(20));
    await pass(0);
    expect(told).toHaveLength(2);
  });

  it.each([
    ['a line is missing', (): void => stream(0).write.call(Object.assign(stream(0), { n: 5 }))],
    ['a line is of another stream', (): void => stream(0).write({ epoch: 'another' })],
    ['a line is no line', (): void => stream(0).send('{"events":[]}\n')],
    ['an event is no event', (): void => stream(0).write({ events: [['session']] as never })],
    ['the stream breaks', (): void => stream(0).fail()],
  ])('forgets everything when %s, and opens another stream', async (_what, harm) => {
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

  it('forgets everything when the issuer says that there is a gap', async () => {
    stream(0).write();
    stream(0).write({ t: null, gap: true });
    await pass(0);
    expect(gaps).toBe(2);
  });

  it('takes a stream that fell silent for dead', async () => {
    stream(0).write();
    await pass(2_200);
    expect(transport.connected).toBe(false);
    await pass(300);
    expect(streams.length).toBeGreaterThan(1);
  });

  it('tries again, and less and less often, while it is refused', async () => {
    stream(0).fail();
    status = 401;
    await pass(60_000);
    expect(requested.length).toBeGreaterThan(5);
    expect(requested.length).toBeLessThan(30);
    expect(transport.connected).toBe(false);
    expect(Logger.prototype.warn).toHaveBeenCalledTimes(1);
  });

  describe('when a stream has run for a while', () => {
    const beat = async (milliseconds: number, index = 0): Promise<void> => {
      for (let passed = 0; passed < milliseconds; passed += 100) {
        await pass(100);
        stream(index).write();
      }
      await pass(0);
    };

    it('goes over to another one without a gap, once the old one has told up to its opening', async () => {
      stream(0).write();
      await beat(8_300);
      expect(streams).toHaveLength(2);
      const before = issuerNow();
      await pass(50);
      stream(1).write();
      stream(1).write({ events: [EVENT] });
      await pass(0);
      // Told, but nothing is fresher by it: the old one may still hold back what came earlier.
      expect(latest()).toEqual({ events: [EVENT], asOf: undefined });
      stream(0).write({ t: before });
      stream(1).write();
      await pass(0);
      expect(latest()?.asOf).toBeUndefined();
      await pass(10);
      stream(0).write();
      await pass(0);
      stream(1).write();
      await pass(0);
      expect(latest()?.asOf).toBeDefined();
      expect(gaps).toBe(1);
      expect(transport.connected).toBe(true);
    });

    it('says nothing of a renewal that failed, since the old one is believed as before', async () => {
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

    it('forgets everything when the old one breaks before', async () => {
      stream(0).write();
      await beat(8_300);
      stream(1).write();
      await pass(0);
      stream(0).fail();
      await pass(0);
      expect(gaps).toBe(2);
      expect(transport.connected).toBe(false);
    });

    it('lets the clocks run apart by no more than it allows for', async () => {
      stream(0).write();
      await beat(8_000);
      expect(latest()?.asOf?.age).toBeGreaterThan(7);
      expect(latest()?.asOf?.age).toBeLessThan(9);
    });
  });
});
