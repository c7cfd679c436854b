import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  claimsOf,
  FakeSource,
  FakeTransport,
  pass,
  refusal,
  rightsOf,
} from '../../test/session-status.fixture.js';
import { MAX_AGE_MS } from '../revocation/feed-freshness.js';
import { Timestamp } from '../revocation/timestamp.js';
import type { SessionClaims } from './session-status.js';
import { SessionStatusService } from './session-status.service.js';

let transport: FakeTransport;
let source: FakeSource;

function start(): SessionStatusService {
  const sessionStatus = new SessionStatusService({ source, transport });
  sessionStatus.onModuleInit();
  return sessionStatus;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  transport = new FakeTransport();
  source = new FakeSource();
});

afterEach(() => vi.useRealTimers());

describe('SessionStatusService with a cache that is too old', () => {
  const aged = async (): Promise<[SessionStatusService, SessionClaims]> => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    return [sessionStatus, claims];
  };

  it('queries again from the first millisecond past the maximum age', async () => {
    const [sessionStatus, claims] = await aged();
    transport.connected = false;
    await pass(MAX_AGE_MS);
    expect(sessionStatus.currentRights(claims)).not.toBeInstanceOf(Promise);
    await pass(1);
    await rightsOf(sessionStatus, claims);
    expect(source.queries).toHaveLength(2);
  });

  it.each([
    ['the wall clock advanced alone, as after the machine slept', 0, 150],
    ['the monotonic clock advanced while the wall clock was set back', 150, -10_000],
  ])('uses the larger age of both clocks: %s', async (_case, monotonic, wall) => {
    const [sessionStatus, claims] = await aged();
    transport.connected = false;
    const [date, now] = [Date.now(), performance.now()];
    vi.spyOn(Date, 'now').mockReturnValue(date + wall);
    vi.spyOn(performance, 'now').mockReturnValue(now + monotonic);
    const answer = sessionStatus.currentRights(claims);
    expect(answer).toBeInstanceOf(Promise);
    await answer;
    expect(source.queries).toHaveLength(2);
    vi.restoreAllMocks();
  });

  it('measures the age from when a poll was sent, not from when its result arrived', async () => {
    const [sessionStatus, claims] = await aged();
    transport.connected = false;
    const sentAt = Timestamp.now();
    await pass(MAX_AGE_MS + 1);
    transport.deliver(undefined, '', sentAt);
    await rightsOf(sessionStatus, claims);
    expect(source.queries).toHaveLength(2);
  });

  it('waits for a poll in flight and then returns the cached rights', async () => {
    const [sessionStatus, claims] = await aged();
    await pass(MAX_AGE_MS + 1);
    const answers = [rightsOf(sessionStatus, claims), rightsOf(sessionStatus, claims)];
    transport.deliver();
    await Promise.all(answers);
    expect(source.queries).toHaveLength(1);
  });

  it('refuses a session that the poll in flight reports as revoked', async () => {
    const [sessionStatus, claims] = await aged();
    await pass(MAX_AGE_MS + 1);
    const answer = rightsOf(sessionStatus, claims);
    transport.deliver('session', claims.session_id);
    await expect(answer).rejects.toThrow(refusal('TOKEN_REVOKED'));
  });

  it('queries the session if the poll takes too long', async () => {
    const [sessionStatus, claims] = await aged();
    await pass(MAX_AGE_MS + 1);
    const answer = rightsOf(sessionStatus, claims);
    await pass(50);
    await answer;
    expect(source.queries).toHaveLength(2);
  });

  it('refuses with SERVICE_UNAVAILABLE if the source is unavailable', async () => {
    const [sessionStatus, claims] = await aged();
    transport.connected = false;
    source.failure = new Error('connection refused');
    expect(sessionStatus.currentRights(claims)).toBeDefined();
    await pass(MAX_AGE_MS + 1);
    await expect(rightsOf(sessionStatus, claims)).rejects.toThrow(refusal('SERVICE_UNAVAILABLE'));
  });

  it('uses the result of its own query, however long it took', async () => {
    source.pending = [];
    const sessionStatus = start();
    transport.deliver();
    const answer = rightsOf(sessionStatus, claimsOf());
    await pass(5 * MAX_AGE_MS);
    source.pending.shift()?.();
    await expect(answer).resolves.toMatchObject({ role: 'user' });
  });
});

describe('SessionStatusService with a fresh cache', () => {
  it('polls the transport before the cache is too old', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    await pass(40);
    await sessionStatus.currentRights(claims);
    expect(transport.polls).toBe(0);
    await pass(1);
    await sessionStatus.currentRights(claims);
    expect(transport.polls).toBe(1);
  });

  it('ignores a poll that was sent before its own change', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    const before = Timestamp.now();
    await pass(1);
    sessionStatus.invalidate();
    expect(transport.polls).toBe(1);
    transport.deliver(undefined, '', before);
    const answer = rightsOf(sessionStatus, claims);
    transport.deliver('session', claims.session_id);
    await expect(answer).rejects.toThrow(refusal('TOKEN_REVOKED'));
  });

  it('returns cached rights at once while other tenants make changes', async () => {
    const sessionStatus = start();
    const [claims, others] = [{ ...claimsOf(), tenant_id: randomUUID() }, claimsOf()];
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    await rightsOf(sessionStatus, others);
    await pass(1);
    sessionStatus.invalidate(others.tenant_id);
    expect(sessionStatus.currentRights(claims)).not.toBeInstanceOf(Promise);
    expect(sessionStatus.isFresh(claims.tenant_id)).toBe(true);
    const answer = rightsOf(sessionStatus, others);
    expect(sessionStatus.isFresh(others.tenant_id)).toBe(false);
    expect(sessionStatus.isFresh()).toBe(false);
    transport.deliver('session', others.session_id);
    await expect(answer).rejects.toThrow(refusal('TOKEN_REVOKED'));
  });

  it('returns cached rights although this process makes changes all the time', async () => {
    const sessionStatus = start();
    const claims = claimsOf();
    transport.deliver();
    await rightsOf(sessionStatus, claims);
    for (let request = 0; request < 20; request += 1) {
      sessionStatus.invalidate();
      const answer = rightsOf(sessionStatus, claims);
      await pass(1);
      const sentAt = Timestamp.now();
      // Another change while the request waits, which it need not see.
      await pass(1);
      sessionStatus.invalidate();
      transport.deliver(undefined, '', sentAt);
      await answer;
    }
    expect(source.queries).toHaveLength(1);
  });
});
