import { PassThrough } from 'node:stream';
import { Timestamp, type RevocationEvent, SessionStatusService } from '@poc-tracker/auth-kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RevocationStreams } from './revocation-stream.service.js';

const EVENT: RevocationEvent = { kind: 'session', tenantId: 'tenant', id: 'session' };

let sessionStatus: SessionStatusService;
let streams: RevocationStreams;

/** A connection; its other end takes nothing unless it is told to. */
function open(): PassThrough {
  const reader = new PassThrough({ highWaterMark: 1024 });
  streams.serve(reader);
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
  streams = new RevocationStreams(sessionStatus);
});

afterEach(() => vi.useRealTimers());

describe('the streams of revocations', () => {
  it('begin with the time, then hand on what this process is told, and number the lines', () => {
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

  it('are so many at most, and make room when one ends', async () => {
    const readers = Array.from({ length: 200 }, open);
    expect(() => streams.assertRoom()).toThrow(refusal('SERVICE_BUSY'));
    readers[0]?.destroy();
    await vi.waitFor(() => expect(() => streams.assertRoom()).not.toThrow());
    expect(subscribers()).toBe(199);
  });

  it('keep nothing for a reader that hung up while its credentials were checked', async () => {
    const reader = new PassThrough();
    reader.destroy();
    await new Promise((resolve) => reader.once('close', resolve));
    streams.serve(reader);
    expect(subscribers()).toBe(0);
  });

  it('end after a minute, for the credentials to be checked again', async () => {
    const reader = open();
    reader.resume();
    await vi.advanceTimersByTimeAsync(59_999);
    expect(reader.writableEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(reader.writableEnded).toBe(true);
    expect(subscribers()).toBe(0);
  });

  it('are cut when the reader falls behind by more than a mebibyte', () => {
    const reader = open();
    const events = Array.from({ length: 5_000 }, () => EVENT);
    for (let line = 0; line < 10 && !reader.destroyed; line += 1)
      sessionStatus.onEvents(events, undefined);
    expect(reader.destroyed).toBe(true);
  });

  it('end with the service, a reader that takes nothing included, and no other is opened', async () => {
    const [reading, stalled] = [open(), open()];
    sessionStatus.onEvents(
      Array.from({ length: 500 }, () => EVENT),
      undefined,
    );
    reading.resume();
    streams.beforeApplicationShutdown();
    expect(() => streams.assertRoom()).toThrow(refusal('SERVICE_UNAVAILABLE'));
    await vi.advanceTimersByTimeAsync(500);
    expect([reading.destroyed, stalled.destroyed]).toEqual([true, true]);
    expect(subscribers()).toBe(0);
  });
});
