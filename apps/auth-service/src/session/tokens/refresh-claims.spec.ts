import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashOfToken, refreshClaims, type RefreshState } from './refresh-claims.js';

const DAY = 24 * 60 * 60;

const state = (lifeInDays: number): RefreshState => ({
  tenantId: '0192f0c1-6a10-7b42-8c3d-112233445566',
  id: '0192f0c1-9b1e-7d10-a1b2-c3d4e5f60718',
  userId: '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f',
  generation: 3,
  refreshNonce: randomBytes(32),
  rotatedAt: new Date(1_800_000_000_789),
  expiresAt: new Date((1_800_000_000 + lifeInDays * DAY) * 1000),
});

describe('the claims of a refresh token', () => {
  it('are the same each time they are made from the same state', () => {
    const one = state(1);
    expect(refreshClaims(one)).toEqual(
      refreshClaims({ ...one, refreshNonce: Buffer.from(one.refreshNonce) }),
    );
  });

  it('last seven days', () => {
    expect(refreshClaims(state(30)).exp).toBe(1_800_000_000 + 7 * DAY);
  });

  it('end with the session when that is sooner', () => {
    const claims = refreshClaims(state(1));
    expect(claims.exp).toBe(1_800_000_000 + DAY);
    expect(claims.session_expires_at).toBe(claims.exp);
  });

  it('carry 256 random bits', () => {
    expect(Buffer.from(refreshClaims(state(1)).jti, 'base64url')).toHaveLength(32);
  });
});

describe('the hash of a token', () => {
  it('is SHA-256 over the whole text, so that tokens which share a long beginning differ', () => {
    const shared = 'a'.repeat(400);
    expect(hashOfToken(`${shared}1`)).toHaveLength(32);
    expect(hashOfToken(`${shared}1`).equals(hashOfToken(`${shared}2`))).toBe(false);
  });
});
