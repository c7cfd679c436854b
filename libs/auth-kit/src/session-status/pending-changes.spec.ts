import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MAX_AGE_MS } from '../revocation/feed-freshness.js';
import { Timestamp } from '../revocation/timestamp.js';
import { PendingChanges } from './pending-changes.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'performance'] }));
afterEach(() => vi.useRealTimers());

/** Adds a change a millisecond later than the one before, and returns its time. */
function addTo(changes: PendingChanges, tenantId?: string): Timestamp {
  vi.advanceTimersByTime(1);
  changes.add(tenantId);
  return Timestamp.now();
}

it('knows the latest change of each tenant, and of all of them', () => {
  const changes = new PendingChanges();
  expect(changes.since('acme')).toBeUndefined();
  const ofAcme = addTo(changes, 'acme');
  const ofGlobex = addTo(changes, 'globex');
  expect([changes.since('acme'), changes.since('globex')]).toEqual([ofAcme, ofGlobex]);
  expect([changes.since('initech'), changes.since(undefined)]).toEqual([undefined, ofGlobex]);
  expect(changes.since('acme')).not.toEqual(addTo(changes, 'acme'));
});

it('counts a change that may concern any tenant as one of each', () => {
  const changes = new PendingChanges();
  addTo(changes, 'acme');
  const ofAll = addTo(changes);
  expect([changes.since('acme'), changes.since('globex')]).toEqual([ofAll, ofAll]);
  const ofAcme = addTo(changes, 'acme');
  expect([changes.since('acme'), changes.since('globex')]).toEqual([ofAcme, ofAll]);
});

it('keeps a bounded number of tenants, and every change that a feed may not have delivered', () => {
  const changes = new PendingChanges(2);
  addTo(changes, 'acme');
  addTo(changes, 'globex');
  const ofAcme = addTo(changes, 'acme');
  expect(changes.since('acme')).toEqual(ofAcme);
  expect(changes.since('initech')).toBeUndefined();
  const overflow = addTo(changes, 'initech');
  expect(['acme', 'globex', 'initech'].map((id) => changes.since(id))).toEqual(
    Array(3).fill(overflow),
  );
});

it('drops the changes that are older than a feed may be', () => {
  const changes = new PendingChanges(2);
  addTo(changes, 'acme');
  const ofGlobex = addTo(changes, 'globex');
  vi.advanceTimersByTime(MAX_AGE_MS - 1);
  const ofInitech = addTo(changes, 'initech');
  expect(['acme', 'globex', 'initech'].map((id) => changes.since(id))).toEqual([
    undefined,
    ofGlobex,
    ofInitech,
  ]);
});
