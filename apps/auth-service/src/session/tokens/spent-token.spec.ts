import type { RefreshTokenClaims } from '@poc-tracker/contracts';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { classifySpentToken, REFRESH_GRACE_MS } from './spent-token.js';
import type { UserSession } from '../user-session.entity.js';

const rotatedAt = new Date('2026-11-20T12:00:00.000Z');
const previous = randomBytes(32);

const session = {
  generation: 5,
  previousRefreshTokenHash: previous,
  rotatedAt,
  expiresAt: new Date('2026-11-21T12:00:00.000Z'),
  isActive: true,
} as UserSession;

const presented = (generation: number, hash = previous) => ({
  claims: { generation } as RefreshTokenClaims,
  hash,
});
const after = (milliseconds: number) => new Date(rotatedAt.getTime() + milliseconds);

describe('a refresh token that is not current', () => {
  it('is a repetition until the grace period ends, to the millisecond', () => {
    expect(classifySpentToken(session, presented(4), after(0))).toBe('repeated');
    expect(classifySpentToken(session, presented(4), after(REFRESH_GRACE_MS))).toBe('repeated');
    expect(classifySpentToken(session, presented(4), after(REFRESH_GRACE_MS + 1))).toBe('replayed');
  });

  it('is a replay if it is older than the previous one, even within the grace period', () => {
    expect(classifySpentToken(session, presented(3), after(1))).toBe('replayed');
  });

  it('is a replay if its generation matches and its text does not', () => {
    expect(classifySpentToken(session, presented(4, randomBytes(32)), after(1))).toBe('replayed');
    expect(
      classifySpentToken({ ...session, previousRefreshTokenHash: null }, presented(4), after(1)),
    ).toBe('replayed');
  });

  it('is a replay if its generation is newer than that of the session', () => {
    expect(classifySpentToken(session, presented(6), after(1))).toBe('replayed');
  });

  it('is refused if the session was revoked or has expired', () => {
    expect(classifySpentToken({ ...session, isActive: false }, presented(4), after(1))).toBe(
      'revoked',
    );
    expect(classifySpentToken({ ...session, expiresAt: after(1) }, presented(4), after(1))).toBe(
      'expired',
    );
  });
});
