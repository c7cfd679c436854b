import { beforeEach, describe, expect, it } from 'vitest';
import type { SecurityEvent } from './security-event.js';
import { PERIOD_MS, RepeatedEvents } from './repeated-events.js';

const event: SecurityEvent = {
  type: 'login.failed',
  result: 'failure',
  details: { reason: 'INVALID_CREDENTIALS' },
};

let now: number;
let written: { tenantId: string; count: unknown; target?: string }[];
let details: unknown[];
let events: RepeatedEvents;
let isDown: boolean;

beforeEach(() => {
  now = 0;
  written = [];
  details = [];
  isDown = false;
  events = new RepeatedEvents(
    async (tenantId, { details: given, target }) => {
      await Promise.resolve();
      if (isDown) throw new Error('connection lost');
      details.push(given);
      written.push({ tenantId, count: given?.['count'], ...(target && { target: target.id }) });
    },
    () => now,
  );
});

const fail = (source: string, tenantId = 't1') =>
  events.record({ tenantId, event, origin: {}, source, rows: 2 });

const endPeriod = async () => {
  now += PERIOD_MS;
  await events.flushEnded();
};

describe('repeated events', () => {
  it('are written at once, and those after them as one entry a minute with their count', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) await fail('a');
    expect(written).toHaveLength(2);
    await endPeriod();
    expect(written.slice(2)).toEqual([{ tenantId: 't1', count: 8 }]);
  });

  it('of one reason, or without a target, do not take the places of others', async () => {
    const reason = 'SUSPICIOUS_LOGIN';
    for (let source = 0; source < 1_000; source += 1) await fail(`source-${source}`);
    const before = written.length;
    const other = { ...event, details: { reason } };
    await events.record({ tenantId: 't1', event: other, origin: {}, source: 'source-1', rows: 2 });
    const target = { type: 'user', id: 'ana' };
    const named = { ...event, target };
    await events.record({ tenantId: 't1', event: named, origin: {}, source: 'source-1', rows: 2 });
    expect(written.slice(before)).toHaveLength(2);
  });

  it('have only those details in their entry that all of them have', async () => {
    for (const country of ['BR', 'BR', 'US', 'PT']) {
      const from = { ...event, details: { ...event.details, country, risk: { score: 70 } } };
      await events.record({ tenantId: 't1', event: from, origin: {}, source: 'a', rows: 2 });
    }
    await endPeriod();
    expect(details.at(-1)).toEqual({
      reason: 'INVALID_CREDENTIALS',
      risk: { score: 70 },
      count: 2,
    });
  });

  it('are counted on in the next minute: a source gets no further entries at once', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) await fail('a');
    await endPeriod();
    for (let attempt = 0; attempt < 5; attempt += 1) await fail('a');
    // The entry with the count was the first of this minute.
    expect(written).toHaveLength(4);
    await endPeriod();
    expect(written.at(-1)).toEqual({ tenantId: 't1', count: 4 });
    await endPeriod();
    expect(written).toHaveLength(5);
    await fail('a');
    expect(written).toHaveLength(6);
  });

  it('of 10,000 sources add a bounded number of entries, and none is missing in the counts', async () => {
    for (let attempt = 0; attempt < 10_000; attempt += 1) await fail(`${attempt}`);
    for (let attempt = 0; attempt < 5_000; attempt += 1) await fail('more');
    expect(written.length).toBeLessThanOrEqual(100);
    await endPeriod();
    expect(written.length).toBeLessThanOrEqual(102);
    const total = written.reduce((sum, { count }) => sum + Number(count ?? 1), 0);
    expect(total).toBe(15_000);
  });

  it('of one tenant do not use up the entries of another', async () => {
    for (let attempt = 0; attempt < 1_000; attempt += 1) await fail(`${attempt}`);
    await fail('a', 't2');
    expect(written.filter(({ tenantId }) => tenantId === 't2')).toHaveLength(1);
  });

  it('of thousands of sources that go on for minutes add a bounded number of entries in each of them', async () => {
    for (let minute = 1; minute <= 3; minute += 1) {
      written = [];
      for (let attempt = 0; attempt < 30_000; attempt += 1) await fail(`${attempt % 9_000}`);
      await endPeriod();
      expect(written.length).toBeLessThanOrEqual(202);
    }
    written = [];
    await events.flushAll();
    await endPeriod();
    expect(written.length).toBeLessThanOrEqual(202);
  });

  it('are counted until they can be written', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) await fail('a');
    isDown = true;
    now += PERIOD_MS;
    await expect(events.flushEnded()).rejects.toThrow('connection lost');
    isDown = false;
    await fail('a');
    await endPeriod();
    expect(written.at(-1)).toEqual({ tenantId: 't1', count: 8 });
  });

  it('name the target only if all of them have the same', async () => {
    const failFor = (id: string, source: string) =>
      events.record({
        tenantId: 't1',
        event: { ...event, target: { type: 'user', id } },
        origin: {},
        source,
        rows: 0,
      });
    await failFor('ana', 'a');
    await failFor('ana', 'a');
    await failFor('ana', 'b');
    await failFor('rui', 'b');
    await endPeriod();
    expect(written).toEqual([
      { tenantId: 't1', count: 2, target: 'ana' },
      { tenantId: 't1', count: 2 },
    ]);
  });

  it('are all written before the process ends', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) await fail('a');
    await events.flushAll();
    expect(written.at(-1)).toEqual({ tenantId: 't1', count: 8 });
  });

  it('are all written before the process ends, of however many sources', async () => {
    for (let attempt = 0; attempt < 1_000; attempt += 1) await fail(`${attempt % 200}`);
    await events.flushAll();
    const total = written.reduce((sum, { count }) => sum + Number(count ?? 1), 0);
    expect(total).toBe(1_000);
    expect(written.length).toBeLessThanOrEqual(202);
  });
});
