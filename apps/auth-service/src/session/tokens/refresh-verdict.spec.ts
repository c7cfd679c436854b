import type { RefreshTokenClaims } from '@poc-tracker/contracts';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { judgeSpentToken, REFRESH_GRACE_MS } from './refresh-verdict.js';
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

describe('a refresh token that is no longer the current one', () => {
  it('is a repetition while the grace lasts, to the millisecond', () => {
    expect(judgeSpentToken(session, presented(4), after(0))).toBe('repeated');
    expect(judgeSpentToken(session, presented(4), after(REFRESH_GRACE_MS))).toBe('repeated');
    expect(judgeSpentToken(session, presented(4), after(REFRESH_GRACE_MS + 1))).toBe('replayed');
  });

  it('is a replay when it is older than the previous one, even within the grace', () => {
    expect(judgeSpentToken(session, presented(3), after(1))).toBe('replayed');
  });

  it('is a replay when its generation fits and its text does not', () => {
    expect(judgeSpentToken(session, presented(4, randomBytes(32)), after(1))).toBe('replayed');
    expect(
      judgeSpentToken({ ...session, previousRefreshTokenHash: null }, presented(4), after(1)),
    ).toBe('replayed');
  });

  it('is a replay when it claims to be newer than the session', () => {
    expect(judgeSpentToken(session, presented(6), after(1))).toBe('replayed');
  });

  it('gets nothing from a session that has ended', () => {
    expect(judgeSpentToken({ ...session, isActive: false }, presented(4), after(1))).toBe(
      'revoked',
    );
    expect(judgeSpentToken({ ...session, expiresAt: after(1) }, presented(4), after(1))).toBe(
      'expired',
    );
  });
});
