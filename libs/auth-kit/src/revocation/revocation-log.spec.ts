import { describe, expect, it } from 'vitest';
import { RevocationLog } from './revocation-log.js';

const user = (id: string) => ({ kind: 'user' as const, tenantId: 'tenant', id });
const session = (id: string) => ({ kind: 'session' as const, tenantId: 'tenant', id });

describe('the marks of what changed', () => {
  it('tell what was asked before a change from what was asked after', () => {
    const marks = new RevocationLog();
    const before = marks.tick;
    marks.apply(user('ada'), 0);
    expect(marks.unchangedSince(before, 'tenant', 'ada', 's')).toBe(false);
    expect(marks.unchangedSince(before, 'tenant', 'bob', 's')).toBe(true);
    expect(marks.unchangedSince(marks.tick, 'tenant', 'ada', 's')).toBe(true);
  });

  it('forget everything, and believe nothing older, when they are too many', () => {
    const marks = new RevocationLog(2);
    const before = marks.tick;
    for (const name of ['ada', 'bob', 'eve']) marks.apply(user(name), 0);
    expect(marks.unchangedSince(before, 'other', 'nobody', 's')).toBe(false);
    expect(marks.unchangedSince(marks.tick, 'tenant', 'ada', 's')).toBe(true);
  });

  it('remember the end of a session for as long as its tokens live', () => {
    const marks = new RevocationLog();
    marks.apply(session('one'), 0);
    marks.apply(session('two'), 15 * 60 * 1000 - 1);
    expect(marks.hasEnded('one', 'tenant')).toBe(true);
    expect(marks.hasEnded('one', 'other')).toBe(false);
    marks.apply(session('three'), 15 * 60 * 1000);
    expect(marks.hasEnded('one', 'tenant')).toBe(false);
    expect(marks.hasEnded('two', 'tenant')).toBe(true);
  });
});
