import { randomUUID } from 'node:crypto';
import { effectivePermissions } from '@poc-tracker/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TENANT } from '../../test/token-forge.js';
import { Timestamp } from '../revocation/timestamp.js';
import type { FeedTransport, FeedListener, RevocationKind } from '../revocation/revocation-feed.js';
import type { SessionClaims, SessionStatus } from './session-status.js';
import {
  MAX_AGE_MS,
  SessionStatusService,
  type SessionStatusOptions,
} from './session-status.service.js';

const GOOD: SessionStatus = {
  sessionActive: true,
  sessionExpiresAt: Date.now() + 3_600_000,
  userStatus: 'active',
  role: 'user',
  permissions: ['view_usage'],
  tenant: { ...TENANT },
};

class FakeTransport implements FeedTransport {
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
  tell(kind?: RevocationKind, id = '', asOf: Timestamp | undefined = Timestamp.now()): void {
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
  standing: SessionStatus | undefined = GOOD;
  held: (() => void)[] | undefined;
  failure: Error | undefined;

  ask(claims: SessionClaims): Promise<SessionStatus | undefined> {
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

let transport: FakeTransport;
let source: FakeSource;

function start(options: Partial<SessionStatusOptions> = {}): SessionStatusService {
  const sessionStatus = new SessionStatusService({ source, transport, ...options });
  sessionStatus.onModuleInit();
  return sessionStatus;
}

/** However it refuses, at once or later. */
const rights = async (sessionStatus: SessionStatusService, claims: SessionClaims) =>
  sessionStatus.currentRights(claims);

const refusal = (code: string) => expect.objectContaining({ code });

/** Lets both clocks of the process pass, and what waits for them. */
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  transport = new FakeTransport();
  source = new FakeSource();
});

afterEach(() => vi.useRealTimers());

describe('the standings of sessions', () => {
  it('ask once and then answer from memory, at once and with effective permissions', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    const first = await rights(sessionStatus, claims);
    expect(first).toMatchObject({ role: 'user', tenant: { id: TENANT.id } });
    expect(first.permissions).toEqual(effectivePermissions('user', ['view_usage']));
    expect(sessionStatus.currentRights(claims)).toBe(first);
    expect(source.asked).toEqual([claims]);
  });

  it('hand out what no request can change for the next one', async () => {
    const sessionStatus = start();
    const { permissions, tenant } = await rights(sessionStatus, claimsOf());
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
  ] as [string, SessionStatus | undefined, string][])(
    'refuse %s, the second time from memory',
    async (_case, standing, code) => {
      source.standing = standing;
      const sessionStatus = start();
      const claims = claimsOf();
      transport.tell();
      await expect(rights(sessionStatus, claims)).rejects.toThrow(refusal(code));
      expect(() => sessionStatus.currentRights(claims)).toThrow(refusal(code));
      expect(source.asked).toHaveLength(1);
    },
  );

  it('refuse a session at its end, which no event tells', async () => {
    source.standing = { ...GOOD, sessionExpiresAt: Date.now() + 50 };
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    await rights(sessionStatus, claims);
    await pass(49);
    expect(() => sessionStatus.currentRights(claims)).not.toThrow();
    await pass(1);
    expect(() => sessionStatus.currentRights(claims)).toThrow(refusal('SESSION_EXPIRED'));
  });

  it('refuse a session that was told to have ended without asking, for its own tenant only', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    await rights(sessionStatus, claims);
    transport.tell('session', claims.session_id);
    expect(() => sessionStatus.currentRights(claims)).toThrow(refusal('TOKEN_REVOKED'));
    expect(source.asked).toHaveLength(1);
    const elsewhere = { ...claims, tenant_id: randomUUID() };
    await expect(rights(sessionStatus, elsewhere)).resolves.toBeDefined();
    expect(source.asked).toHaveLength(2);
  });

  it.each(['user', 'tenant'] as const)('ask again after an event of the %s', async (kind) => {
    const sessionStatus = start();
    const claims = claimsOf();
    const bystander = { ...claimsOf(), tenant_id: randomUUID() };
    transport.tell();
    await rights(sessionStatus, claims);
    await rights(sessionStatus, bystander);
    source.standing = { ...GOOD, role: 'viewer', permissions: [] };
    transport.tell(kind, kind === 'user' ? claims.sub : TENANT.id);
    await expect(rights(sessionStatus, claims)).resolves.toMatchObject({ role: 'viewer' });
    expect(sessionStatus.currentRights(claims)).toMatchObject({ role: 'viewer' });
    expect(sessionStatus.currentRights(bystander)).toMatchObject({ role: 'user' });
    expect(source.asked).toHaveLength(3);
  });

  it('never answer one person, tenant or session with what is known of another', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    await rights(sessionStatus, claims);
    for (const forged of [
      { ...claims, sub: randomUUID() },
      { ...claims, tenant_id: randomUUID() },
      { ...claims, session_id: randomUUID() },
    ]) {
      source.standing = undefined;
      await expect(rights(sessionStatus, forged)).rejects.toThrow(refusal('TOKEN_REVOKED'));
    }
  });

  describe('while an event overtakes a question', () => {
    it('ask again instead of believing the answer', async () => {
      source.held = [];
      const sessionStatus = start();
      const claims = claimsOf();
      transport.tell();
      const asking = rights(sessionStatus, claims);
      transport.tell('user', claims.sub);
      source.standing = { ...GOOD, role: 'viewer' };
      source.held.shift()?.();
      await vi.waitFor(() => expect(source.held).toHaveLength(1));
      source.held.shift()?.();
      await expect(asking).resolves.toMatchObject({ role: 'viewer' });
      expect(sessionStatus.currentRights(claims)).toMatchObject({ role: 'viewer' });
    });

    it('refuse at once when the event ended the session', async () => {
      source.held = [];
      const sessionStatus = start();
      const claims = claimsOf();
      transport.tell();
      const asking = rights(sessionStatus, claims);
      transport.tell('session', claims.session_id);
      source.held.shift()?.();
      await expect(asking).rejects.toThrow(refusal('TOKEN_REVOKED'));
    });

    it('believe nothing that was asked before a gap', async () => {
      source.held = [];
      const sessionStatus = start();
      const claims = claimsOf();
      transport.tell();
      const asking = rights(sessionStatus, claims);
      transport.gap();
      transport.tell();
      source.standing = { ...GOOD, role: 'viewer' };
      source.held.shift()?.();
      await vi.waitFor(() => expect(source.held).toHaveLength(1));
      source.held.shift()?.();
      await expect(asking).resolves.toMatchObject({ role: 'viewer' });
    });
  });

  describe('when the memory is too old', () => {
    const aged = async (): Promise<[SessionStatusService, SessionClaims]> => {
      const sessionStatus = start();
      const claims = claimsOf();
      transport.tell();
      await rights(sessionStatus, claims);
      return [sessionStatus, claims];
    };

    it('ask again from the first millisecond past the bound', async () => {
      const [sessionStatus, claims] = await aged();
      transport.connected = false;
      await pass(MAX_AGE_MS);
      expect(sessionStatus.currentRights(claims)).not.toBeInstanceOf(Promise);
      await pass(1);
      await rights(sessionStatus, claims);
      expect(source.asked).toHaveLength(2);
    });

    it.each([
      ['the wall clock alone ran on, as after the sleep of a machine', 0, 150],
      ['the monotonic clock alone ran on, the wall clock being set back', 150, -10_000],
    ])('count the longer of both clocks: %s', async (_case, monotonic, wall) => {
      const [sessionStatus, claims] = await aged();
      transport.connected = false;
      const [date, now] = [Date.now(), performance.now()];
      vi.spyOn(Date, 'now').mockReturnValue(date + wall);
      vi.spyOn(performance, 'now').mockReturnValue(now + monotonic);
      const answer = sessionStatus.currentRights(claims);
      expect(answer).toBeInstanceOf(Promise);
      await answer;
      expect(source.asked).toHaveLength(2);
      vi.restoreAllMocks();
    });

    it('count from when the news was asked for, not from when it came', async () => {
      const [sessionStatus, claims] = await aged();
      transport.connected = false;
      const askedAt = Timestamp.now();
      await pass(MAX_AGE_MS + 1);
      transport.tell(undefined, '', askedAt);
      await rights(sessionStatus, claims);
      expect(source.asked).toHaveLength(2);
    });

    it('wait for news that is under way, and answer from memory once it is there', async () => {
      const [sessionStatus, claims] = await aged();
      await pass(MAX_AGE_MS + 1);
      const answers = [rights(sessionStatus, claims), rights(sessionStatus, claims)];
      transport.tell();
      await Promise.all(answers);
      expect(source.asked).toHaveLength(1);
    });

    it('refuse at once what that news tells to have ended', async () => {
      const [sessionStatus, claims] = await aged();
      await pass(MAX_AGE_MS + 1);
      const answer = rights(sessionStatus, claims);
      transport.tell('session', claims.session_id);
      await expect(answer).rejects.toThrow(refusal('TOKEN_REVOKED'));
    });

    it('lose patience and ask about the one session', async () => {
      const [sessionStatus, claims] = await aged();
      await pass(MAX_AGE_MS + 1);
      const answer = rights(sessionStatus, claims);
      await pass(50);
      await answer;
      expect(source.asked).toHaveLength(2);
    });

    it('refuse with SERVICE_UNAVAILABLE where nobody can be asked', async () => {
      const [sessionStatus, claims] = await aged();
      transport.connected = false;
      source.failure = new Error('connection refused');
      expect(sessionStatus.currentRights(claims)).toBeDefined();
      await pass(MAX_AGE_MS + 1);
      await expect(rights(sessionStatus, claims)).rejects.toThrow(refusal('SERVICE_UNAVAILABLE'));
    });

    it('take the answer to a question of their own, however long it took', async () => {
      source.held = [];
      const sessionStatus = start();
      transport.tell();
      const answer = rights(sessionStatus, claimsOf());
      await pass(5 * MAX_AGE_MS);
      source.held.shift()?.();
      await expect(answer).resolves.toMatchObject({ role: 'user' });
    });
  });

  it('ask anew, and past the memory, when that is wanted', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    await rights(sessionStatus, claims);
    source.standing = { ...GOOD, role: 'viewer' };
    await expect(sessionStatus.rightsNow(claims)).resolves.toMatchObject({ role: 'viewer' });
    expect(sessionStatus.currentRights(claims)).toMatchObject({ role: 'user' });
  });

  it('ask the carrier for news before the memory is too old', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    await rights(sessionStatus, claims);
    await pass(40);
    await sessionStatus.currentRights(claims);
    expect(transport.polls).toBe(0);
    await pass(1);
    await sessionStatus.currentRights(claims);
    expect(transport.polls).toBe(1);
  });

  it('believe after a change of their own only news that was asked for later', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    await rights(sessionStatus, claims);
    const before = Timestamp.now();
    await pass(1);
    sessionStatus.distrust();
    expect(transport.polls).toBe(1);
    transport.tell(undefined, '', before);
    const answer = rights(sessionStatus, claims);
    transport.tell('session', claims.session_id);
    await expect(answer).rejects.toThrow(refusal('TOKEN_REVOKED'));
  });

  it('answer from memory although changes of their own never cease', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.tell();
    await rights(sessionStatus, claims);
    for (let request = 0; request < 20; request += 1) {
      sessionStatus.distrust();
      const answer = rights(sessionStatus, claims);
      await pass(1);
      const asked = Timestamp.now();
      // While the request waits there is another change, which it need not see.
      await pass(1);
      sessionStatus.distrust();
      transport.tell(undefined, '', asked);
      await answer;
    }
    expect(source.asked).toHaveLength(1);
  });

  it('remember no more than they may, and drop the oldest', async () => {
    const sessionStatus = start({ capacity: 2 });
    transport.tell();
    const all = [claimsOf(), claimsOf(), claimsOf()];
    for (const claims of all) await rights(sessionStatus, claims);
    const [oldest, ...younger] = all as [SessionClaims, ...SessionClaims[]];
    for (const claims of younger)
      expect(sessionStatus.currentRights(claims)).not.toBeInstanceOf(Promise);
    await rights(sessionStatus, oldest);
    expect(source.asked).toHaveLength(4);
  });

  it('ask every time when there is no carrier', async () => {
    const sessionStatus = new SessionStatusService({ source });
    sessionStatus.onModuleInit();
    const claims = claimsOf();
    await rights(sessionStatus, claims);
    await rights(sessionStatus, claims);
    expect(source.asked).toHaveLength(2);
    await sessionStatus.onApplicationShutdown();
  });

  it('stop the carrier with the application', async () => {
    const sessionStatus = start();
    await sessionStatus.onApplicationShutdown();
    expect(transport.stopped).toBe(true);
  });
});
