import { randomUUID } from 'node:crypto';
import { effectivePermissions } from '@poc-tracker/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TENANT } from '../test/token-forge.js';
import { Moment } from './moment.js';
import type { FeedCarrier, FeedListener, RevocationKind } from './revocation-feed.js';
import type { SessionClaims, Standing } from './session-standing.js';
import { MAX_AGE_MS, SessionStandings, type SessionStandingsOptions } from './session-standings.js';

const GOOD: Standing = {
  sessionActive: true,
  sessionExpiresAt: Date.now() + 3_600_000,
  userStatus: 'active',
  role: 'user',
  permissions: ['view_usage'],
  tenant: { ...TENANT },
};

class FakeCarrier implements FeedCarrier {
  connected = true;
  polls = 0;
  stopped = false;
  private listener: FeedListener | undefined;

  start(listener: FeedListener): void {
    this.listener = listener;
  }

  poll(): void {
    this.polls += 1;
  }

  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }

  /** As an answer to a question that was sent now, unless another moment is given. */
  tell(kind?: RevocationKind, id = '', asOf: Moment | undefined = Moment.now()): void {
    const events = kind === undefined ? [] : [{ kind, tenantId: TENANT.id, id }];
    this.listener?.tell(events, asOf);
  }

  gap(): void {
    this.listener?.gap();
  }
}

/** Answers when it is told to, in the order of the questions. */
class FakeSource {
  readonly asked: SessionClaims[] = [];
  standing: Standing | undefined = GOOD;
  held: (() => void)[] | undefined;
  failure: Error | undefined;

  ask(claims: SessionClaims): Promise<Standing | undefined> {
    this.asked.push(claims);
    if (this.failure) return Promise.reject(this.failure);
    const { standing, held } = this;
    if (held === undefined) return Promise.resolve(standing);
    return new Promise((resolve) => held.push(() => resolve(standing)));
  }
}

function claimsOf(sessionId: string = randomUUID()): SessionClaims {
  return { tenant_id: TENANT.id, sub: randomUUID(), session_id: sessionId };
}

let carrier: FakeCarrier;
let source: FakeSource;

function start(options: Partial<SessionStandingsOptions> = {}): SessionStandings {
  const standings = new SessionStandings({ source, carrier, ...options });
  standings.onModuleInit();
  return standings;
}

/** However it refuses, at once or later. */
const rights = async (standings: SessionStandings, claims: SessionClaims) =>
  standings.currentRights(claims);

const refusal = (code: string) => expect.objectContaining({ code });

/** Lets both clocks of the process pass, and what waits for them. */
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  carrier = new FakeCarrier();
  source = new FakeSource();
});

afterEach(() => vi.useRealTimers());

describe('the standings of sessions', () => {
  it('ask once and then answer from memory, at once and with effective permissions', async () => {
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    const first = await rights(standings, claims);
    expect(first).toMatchObject({ role: 'user', tenant: { id: TENANT.id } });
    expect(first.permissions).toEqual(effectivePermissions('user', ['view_usage']));
    expect(standings.currentRights(claims)).toBe(first);
    expect(source.asked).toEqual([claims]);
  });

  it('hand out what no request can change for the next one', async () => {
    const standings = start();
    const { permissions, tenant } = await rights(standings, claimsOf());
    expect(() => (permissions as string[]).push('manage_users')).toThrow(TypeError);
    expect(() => Object.assign(tenant, { plan: 'enterprise' })).toThrow(TypeError);
  });

  it.each([
    ['an unknown session', undefined, 'TOKEN_REVOKED'],
    ['a session that has ended', { ...GOOD, sessionActive: false }, 'TOKEN_REVOKED'],
    ['a suspended person', { ...GOOD, userStatus: 'suspended' }, 'TOKEN_REVOKED'],
    ['an inactive person', { ...GOOD, userStatus: 'inactive' }, 'TOKEN_REVOKED'],
    [
      'a suspended tenant',
      { ...GOOD, tenant: { ...TENANT, status: 'suspended' } },
      'INVALID_TENANT',
    ],
    ['a canceled tenant', { ...GOOD, tenant: { ...TENANT, status: 'canceled' } }, 'INVALID_TENANT'],
  ] as [string, Standing | undefined, string][])(
    'refuse %s, the second time from memory',
    async (_case, standing, code) => {
      source.standing = standing;
      const standings = start();
      const claims = claimsOf();
      carrier.tell();
      await expect(rights(standings, claims)).rejects.toThrow(refusal(code));
      expect(() => standings.currentRights(claims)).toThrow(refusal(code));
      expect(source.asked).toHaveLength(1);
    },
  );

  it('refuse a session at its end, which no event tells', async () => {
    source.standing = { ...GOOD, sessionExpiresAt: Date.now() + 50 };
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    await rights(standings, claims);
    await pass(49);
    expect(() => standings.currentRights(claims)).not.toThrow();
    await pass(1);
    expect(() => standings.currentRights(claims)).toThrow(refusal('SESSION_EXPIRED'));
  });

  it('refuse a session that was told to have ended without asking, for its own tenant only', async () => {
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    await rights(standings, claims);
    carrier.tell('session', claims.session_id);
    expect(() => standings.currentRights(claims)).toThrow(refusal('TOKEN_REVOKED'));
    expect(source.asked).toHaveLength(1);
    const elsewhere = { ...claims, tenant_id: randomUUID() };
    await expect(rights(standings, elsewhere)).resolves.toBeDefined();
    expect(source.asked).toHaveLength(2);
  });

  it.each(['user', 'tenant'] as const)('ask again after an event of the %s', async (kind) => {
    const standings = start();
    const claims = claimsOf();
    const bystander = { ...claimsOf(), tenant_id: randomUUID() };
    carrier.tell();
    await rights(standings, claims);
    await rights(standings, bystander);
    source.standing = { ...GOOD, role: 'viewer', permissions: [] };
    carrier.tell(kind, kind === 'user' ? claims.sub : TENANT.id);
    await expect(rights(standings, claims)).resolves.toMatchObject({ role: 'viewer' });
    expect(standings.currentRights(claims)).toMatchObject({ role: 'viewer' });
    expect(standings.currentRights(bystander)).toMatchObject({ role: 'user' });
    expect(source.asked).toHaveLength(3);
  });

  it('never answer one person, tenant or session with what is known of another', async () => {
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    await rights(standings, claims);
    for (const forged of [
      { ...claims, sub: randomUUID() },
      { ...claims, tenant_id: randomUUID() },
      { ...claims, session_id: randomUUID() },
    ]) {
      source.standing = undefined;
      await expect(rights(standings, forged)).rejects.toThrow(refusal('TOKEN_REVOKED'));
    }
  });

  describe('while an event overtakes a question', () => {
    it('ask again instead of believing the answer', async () => {
      source.held = [];
      const standings = start();
      const claims = claimsOf();
      carrier.tell();
      const asking = rights(standings, claims);
      carrier.tell('user', claims.sub);
      source.standing = { ...GOOD, role: 'viewer' };
      source.held.shift()?.();
      await vi.waitFor(() => expect(source.held).toHaveLength(1));
      source.held.shift()?.();
      await expect(asking).resolves.toMatchObject({ role: 'viewer' });
      expect(standings.currentRights(claims)).toMatchObject({ role: 'viewer' });
    });

    it('refuse at once when the event ended the session', async () => {
      source.held = [];
      const standings = start();
      const claims = claimsOf();
      carrier.tell();
      const asking = rights(standings, claims);
      carrier.tell('session', claims.session_id);
      source.held.shift()?.();
      await expect(asking).rejects.toThrow(refusal('TOKEN_REVOKED'));
    });

    it('believe nothing that was asked before a gap', async () => {
      source.held = [];
      const standings = start();
      const claims = claimsOf();
      carrier.tell();
      const asking = rights(standings, claims);
      carrier.gap();
      carrier.tell();
      source.standing = { ...GOOD, role: 'viewer' };
      source.held.shift()?.();
      await vi.waitFor(() => expect(source.held).toHaveLength(1));
      source.held.shift()?.();
      await expect(asking).resolves.toMatchObject({ role: 'viewer' });
    });
  });

  describe('when the memory is too old', () => {
    const aged = async (): Promise<[SessionStandings, SessionClaims]> => {
      const standings = start();
      const claims = claimsOf();
      carrier.tell();
      await rights(standings, claims);
      return [standings, claims];
    };

    it('ask again from the first millisecond past the bound', async () => {
      const [standings, claims] = await aged();
      carrier.connected = false;
      await pass(MAX_AGE_MS);
      expect(standings.currentRights(claims)).not.toBeInstanceOf(Promise);
      await pass(1);
      await rights(standings, claims);
      expect(source.asked).toHaveLength(2);
    });

    it.each([
      ['the wall clock alone ran on, as after the sleep of a machine', 0, 150],
      ['the monotonic clock alone ran on, the wall clock being set back', 150, -10_000],
    ])('count the longer of both clocks: %s', async (_case, monotonic, wall) => {
      const [standings, claims] = await aged();
      carrier.connected = false;
      const [date, now] = [Date.now(), performance.now()];
      vi.spyOn(Date, 'now').mockReturnValue(date + wall);
      vi.spyOn(performance, 'now').mockReturnValue(now + monotonic);
      const answer = standings.currentRights(claims);
      expect(answer).toBeInstanceOf(Promise);
      await answer;
      expect(source.asked).toHaveLength(2);
      vi.restoreAllMocks();
    });

    it('count from when the news was asked for, not from when it came', async () => {
      const [standings, claims] = await aged();
      carrier.connected = false;
      const askedAt = Moment.now();
      await pass(MAX_AGE_MS + 1);
      carrier.tell(undefined, '', askedAt);
      await rights(standings, claims);
      expect(source.asked).toHaveLength(2);
    });

    it('wait for news that is under way, and answer from memory once it is there', async () => {
      const [standings, claims] = await aged();
      await pass(MAX_AGE_MS + 1);
      const answers = [rights(standings, claims), rights(standings, claims)];
      carrier.tell();
      await Promise.all(answers);
      expect(source.asked).toHaveLength(1);
    });

    it('refuse at once what that news tells to have ended', async () => {
      const [standings, claims] = await aged();
      await pass(MAX_AGE_MS + 1);
      const answer = rights(standings, claims);
      carrier.tell('session', claims.session_id);
      await expect(answer).rejects.toThrow(refusal('TOKEN_REVOKED'));
    });

    it('lose patience and ask about the one session', async () => {
      const [standings, claims] = await aged();
      await pass(MAX_AGE_MS + 1);
      const answer = rights(standings, claims);
      await pass(50);
      await answer;
      expect(source.asked).toHaveLength(2);
    });

    it('refuse with SERVICE_UNAVAILABLE where nobody can be asked', async () => {
      const [standings, claims] = await aged();
      carrier.connected = false;
      source.failure = new Error('connection refused');
      expect(standings.currentRights(claims)).toBeDefined();
      await pass(MAX_AGE_MS + 1);
      await expect(rights(standings, claims)).rejects.toThrow(refusal('SERVICE_UNAVAILABLE'));
    });

    it('take the answer to a question of their own, however long it took', async () => {
      source.held = [];
      const standings = start();
      carrier.tell();
      const answer = rights(standings, claimsOf());
      await pass(5 * MAX_AGE_MS);
      source.held.shift()?.();
      await expect(answer).resolves.toMatchObject({ role: 'user' });
    });
  });

  it('ask anew, and past the memory, when that is wanted', async () => {
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    await rights(standings, claims);
    source.standing = { ...GOOD, role: 'viewer' };
    await expect(standings.rightsNow(claims)).resolves.toMatchObject({ role: 'viewer' });
    expect(standings.currentRights(claims)).toMatchObject({ role: 'user' });
  });

  it('ask the carrier for news before the memory is too old', async () => {
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    await rights(standings, claims);
    await pass(40);
    await standings.currentRights(claims);
    expect(carrier.polls).toBe(0);
    await pass(1);
    await standings.currentRights(claims);
    expect(carrier.polls).toBe(1);
  });

  it('believe after a change of their own only news that was asked for later', async () => {
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    await rights(standings, claims);
    const before = Moment.now();
    await pass(1);
    standings.distrust();
    expect(carrier.polls).toBe(1);
    carrier.tell(undefined, '', before);
    const answer = rights(standings, claims);
    carrier.tell('session', claims.session_id);
    await expect(answer).rejects.toThrow(refusal('TOKEN_REVOKED'));
  });

  it('answer from memory although changes of their own never cease', async () => {
    const standings = start();
    const claims = claimsOf();
    carrier.tell();
    await rights(standings, claims);
    for (let request = 0; request < 20; request += 1) {
      standings.distrust();
      const answer = rights(standings, claims);
      await pass(1);
      const asked = Moment.now();
      // While the request waits there is another change, which it need not see.
      await pass(1);
      standings.distrust();
      carrier.tell(undefined, '', asked);
      await answer;
    }
    expect(source.asked).toHaveLength(1);
  });

  it('remember no more than they may, and drop the oldest', async () => {
    const standings = start({ capacity: 2 });
    carrier.tell();
    const all = [claimsOf(), claimsOf(), claimsOf()];
    for (const claims of all) await rights(standings, claims);
    const [oldest, ...younger] = all as [SessionClaims, ...SessionClaims[]];
    for (const claims of younger)
      expect(standings.currentRights(claims)).not.toBeInstanceOf(Promise);
    await rights(standings, oldest);
    expect(source.asked).toHaveLength(4);
  });

  it('ask every time when there is no carrier', async () => {
    const standings = new SessionStandings({ source });
    standings.onModuleInit();
    const claims = claimsOf();
    await rights(standings, claims);
    await rights(standings, claims);
    expect(source.asked).toHaveLength(2);
    await standings.onApplicationShutdown();
  });

  it('stop the carrier with the application', async () => {
    const standings = start();
    await standings.onApplicationShutdown();
    expect(carrier.stopped).toBe(true);
  });
});
