import { describe, expect, it } from 'vitest';
import { InvalidationLog } from './invalidation-log.js';

describe('InvalidationLog', () => {
  it('distinguishes versions before a change of a tenant from later ones', () => {
    const log = new InvalidationLog();
    const before = log.version;
    log.record(['acme']);
    expect(log.unchangedSince(before, 'acme')).toBe(false);
    expect(log.unchangedSince(before, 'globex')).toBe(true);
    expect(log.unchangedSince(log.version, 'acme')).toBe(true);
  });

  it('invalidates a name of no tenant with the change of any tenant', () => {
    const log = new InvalidationLog();
    const before = log.version;
    expect(log.unchangedSince(before, undefined)).toBe(true);
    log.record(['acme']);
    expect(log.unchangedSince(before, undefined)).toBe(false);
  });

  it('invalidates every earlier version when it exceeds its capacity', () => {
    const log = new InvalidationLog(2);
    const before = log.version;
    log.record(['acme', 'globex', 'initech']);
    expect(log.unchangedSince(before, 'unknown')).toBe(false);
    expect(log.unchangedSince(log.version, 'acme')).toBe(true);
  });
});
