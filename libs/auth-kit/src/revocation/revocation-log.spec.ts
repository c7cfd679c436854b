import { describe, expect, it } from 'vitest';
import { RevocationLog } from './revocation-log.js';

const user = (id: string) => ({ kind: 'user' as const, tenantId: 'tenant', id });
const session = (id: string) => ({ kind: 'session' as const, tenantId: 'tenant', id });

describe('The revocation log', () => {
  it('distinguishes versions before an event about a user from later ones', () => {
    const log = new RevocationLog();
    const before = log.version;
    log.record(user('ada'), 0);
    expect(log.unchangedSince(before, 'tenant', 'ada', 's')).toBe(false);
    expect(log.unchangedSince(before, 'tenant', 'bob', 's')).toBe(true);
    expect(log.unchangedSince(log.version, 'tenant', 'ada', 's')).toBe(true);
  });

  it('invalidates every earlier version when it exceeds its capacity', () => {
    const log = new RevocationLog(2);
    const before = log.version;
    for (const name of ['ada', 'bob', 'eve']) log.record(user(name), 0);
    expect(log.unchangedSince(before, 'other', 'unknown', 's')).toBe(false);
    expect(log.unchangedSince(log.version, 'tenant', 'ada', 's')).toBe(true);
  });

  it('keeps a revoked session for the lifetime of its access tokens', () => {
    const log = new RevocationLog();
    log.record(session('one'), 0);
    log.record(session('two'), 15 * 60 * 1000 - 1);
    expect(log.isRevoked('one', 'tenant')).toBe(true);
    expect(log.isRevoked('one', 'other')).toBe(false);
    log.record(session('three'), 15 * 60 * 1000);
    expect(log.isRevoked('one', 'tenant')).toBe(false);
    expect(log.isRevoked('two', 'tenant')).toBe(true);
  });
});
