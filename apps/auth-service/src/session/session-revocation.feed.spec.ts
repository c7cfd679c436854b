import type { TenantDatabase } from '@poc-tracker/tenancy';
import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.js';
import { RevokedSessionMemory } from './revoked-session.memory.js';
import { SessionRevocationFeed } from './session-revocation.feed.js';

const NOW = new Date('2026-11-20T12:00:00.000Z');
const clock: Clock = { now: () => NOW };
const claims = { tenant_id: 'tenant', sub: 'user', session_id: 'session' };

const good = {
  session_active: true,
  session_expires_at: new Date(NOW.getTime() + 1),
  user_status: 'active',
  user_role: 'user',
  permissions: ['view_usage'],
  id: 'tenant',
  name: 'Acme',
  subdomain: 'acme',
  custom_domain: null,
  plan_type: 'basic',
  status: 'active',
  features: { api_access: true },
  max_users: 10,
  max_pocs: 100,
  max_storage_gb: 5,
};

function feedOn(rows: object[]) {
  const asked: unknown[][] = [];
  const database = {
    lookup: (_sql: string, params: unknown[]) => {
      asked.push(params);
      return Promise.resolve(rows);
    },
  } as unknown as TenantDatabase;
  const memory = new RevokedSessionMemory(clock);
  return { asked, memory, feed: new SessionRevocationFeed(database, memory, clock) };
}

describe('what a verified token is worth now', () => {
  it('has the rights that the tables state, not those of the token', async () => {
    const { feed, asked } = feedOn([good]);
    const rights = await feed.currentRights(claims);
    expect(rights).toMatchObject({ role: 'user', permissions: ['view_usage'] });
    expect(rights.tenant).toMatchObject({
      id: 'tenant',
      plan: 'basic',
      features: { api_access: true, video_generation: false },
      limits: { maxUsers: 10 },
    });
    expect(asked).toEqual([['tenant', 'user', 'session']]);
  });

  it.each([
    ['an unknown session', [], 'TOKEN_REVOKED'],
    ['a revoked session', [{ ...good, session_active: false }], 'TOKEN_REVOKED'],
    ['a session at its end', [{ ...good, session_expires_at: NOW }], 'SESSION_EXPIRED'],
    ['a suspended user', [{ ...good, user_status: 'suspended' }], 'TOKEN_REVOKED'],
    ['an inactive user', [{ ...good, user_status: 'inactive' }], 'TOKEN_REVOKED'],
    ['a suspended tenant', [{ ...good, status: 'suspended' }], 'INVALID_TENANT'],
    ['a canceled tenant', [{ ...good, status: 'canceled' }], 'INVALID_TENANT'],
  ])('is nothing for %s', async (_case, rows, code) => {
    await expect(feedOn(rows).feed.currentRights(claims)).rejects.toMatchObject({ code });
  });

  it('is nothing, without asking, for a session that was ended here', async () => {
    const { feed, memory, asked } = feedOn([good]);
    memory.add('session');
    await expect(feed.currentRights(claims)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(asked).toEqual([]);
  });
});
