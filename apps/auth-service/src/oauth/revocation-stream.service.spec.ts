import { PassThrough } from 'node:stream';
import { Timestamp, type RevocationEvent, SessionStatusService } from '@poc-tracker/auth-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RevocationStreamService } from './revocation-stream.service.js';

const EVENT: RevocationEvent = { kind: 'session', tenantId: 'tenant', id: 'session' };

let sessionStatus: SessionStatusService;
let streams: RevocationStreamService;

/** A stream that is not read until a test resumes it. */
function open(client = 'client'): PassThrough {
  const reader = new PassThrough({ highWaterMark: 1024 });
  streams.serve(reader, streams.takeSlot(client));
  return reader;
}

function linesOf(reader: PassThrough): unknown[] {
  const text = String(reader.read() ?? '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

const refusal = (code: string) => expect.objectContaining({ code });

const subscribers = () =>
  (sessionStatus as unknown as { subscribers: Set<unknown> }).subscribers.size;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  sessionStatus = new SessionStatusService({ source: { fetch: () => Promise.resolve(undefined) } });
  streams = new RevocationStreamService(sessionStatus);
});

afterEach(() => vi.useRealTimers());

describe('a revocation stream', () => {
  it('starts with the current time, then passes on the messages of the feed, and numbers the lines', () => {
    const reader = open();
    const asOf = Timestamp.now();
    sessionStatus.onEvents([EVENT], asOf);
    sessionStatus.onEvents([], undefined);
    sessionStatus.onGap();
    const [first, ...lines] = linesOf(reader);
    expect(first).toMatchObject({ n: 0, t: expect.any(Number), events: [] });
    expect(lines).toMatchObject([
      { n: 1, t: asOf.monotonic, events: [['session', 'tenant', 'session']] },
      { n: 2, t: null, events: [] },
      { n: 3, t: null, gap: true, events: [] },
    ]);
  });

  it('is refused while 200 others are open, and accepted after one of them ends', async () => {
    const readers = Array.from({ length: 200 }, (_, index) => open(`client ${index % 10}`));
    expect(() => streams.takeSlot('another')).toThrow(refusal('SERVICE_BUSY'));
    readers[0]?.destroy();
    await vi.waitFor(() => expect(() => streams.takeSlot('another')).not.toThrow());
    expect(subscribers()).toBe(199);
  });

  it('is refused to a client with 20 others, and to no other client', () => {
    for (let count = 0; count < 20; count += 1) open('greedy');
    expect(() => streams.takeSlot('greedy')).toThrow(refusal('RATE_LIMIT_EXCEEDED'));
    expect(() => streams.takeSlot('another')).not.toThrow();
  });

  it('does not subscribe for a client that disconnected while its credentials were verified', async () => {
    const reader = new PassThrough();
    reader.destroy();
    await new Promise((resolve) => reader.once('close', resolve));
    for (let count = 0; count < 30; count += 1) streams.serve(reader, streams.takeSlot('client'));
    expect(subscribers()).toBe(0);
  });

  it('ends after a minute, so that the credentials are verified again', async () => {
    const reader = open();
    reader.resume();
    await vi.advanceTimersByTimeAsync(59_999);
    expect(reader.writableEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(reader.writableEnded).toBe(true);
    expect(subscribers()).toBe(0);
  });

  it('is destroyed if the client is more than a mebibyte behind', () => {
    const reader = open();
    const events = Array.from({ length: 5_000 }, () => EVENT);
    for (let line = 0; line < 10 && !reader.destroyed; line += 1)
      sessionStatus.onEvents(events, undefined);
    expect(reader.destroyed).toBe(true);
  });

  it('ends with the service, even if the client does not read, and no other is accepted', async () => {
    const [reading, stalled] = [open(), open()];
    sessionStatus.onEvents(
      Array.from({ length: 500 }, () => EVENT),
      undefined,
    );
    reading.resume();
    streams.beforeApplicationShutdown();
    expect(() => streams.takeSlot('client')).toThrow(refusal('SERVICE_UNAVAILABLE'));
    await vi.advanceTimersByTimeAsync(500);
    expect([reading.destroyed, stalled.destroyed]).toEqual([true, true]);
    expect(subscribers()).toBe(0);
  });
});
