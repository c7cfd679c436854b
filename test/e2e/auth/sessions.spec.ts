import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../../apps/auth-service/src/session/clock.js';
import { type Login, ServiceFixture, type Tokens } from '../service.fixture.js';

interface Session {
  id: string;
  current: boolean;
  lastUsedAt: string;
  expiresAt: string;
}

let service: ServiceFixture;

beforeAll(async () => {
  // Room for a hundred parallel requests: the tests are about sessions, not about the speed of the machine.
  service = await ServiceFixture.start({ DB_POOL_MAX: '30', REQUEST_TIMEOUT_MS: '60000' });
});

afterAll(async () => {
  await service?.stop();
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Stops the clock of a service, so that the grace period does not depend on the load of the machine. */
function freeze({ app }: ServiceFixture): void {
  const now = new Date();
  vi.spyOn(app.get(Clock, { strict: false }), 'nowIn').mockResolvedValue(now);
}

/** Moves the clock of a service, which decides about sessions and refresh tokens. */
function forward(milliseconds: number, ...services: ServiceFixture[]): void {
  for (const { app } of services) {
    vi.spyOn(app.get(Clock, { strict: false }), 'nowIn').mockImplementation(() =>
      Promise.resolve(new Date(Date.now() + milliseconds)),
    );
  }
}

/** Lets hours pass for the sessions of a tenant. The database measures their use by its own clock. */
async function age(tenantId: string, hours: number): Promise<void> {
  await service.sql(
    `UPDATE user_sessions
        SET created_at = created_at - passed, rotated_at = rotated_at - passed, last_used_at = last_used_at - passed,
            ends_at = ends_at - passed, expires_at = expires_at - passed
       FROM (SELECT $2::float8 * interval '1 hour' AS passed) t WHERE tenant_id = $1`,
    [tenantId, hours],
  );
}

async function someone(): Promise<
  Login & { host: string; email: string; password: string; tenantId: string }
> {
  const { host, tenantId } = await service.tenant();
  const { email, password } = await service.user(tenantId);
  return { ...(await service.login(host, { email, password })), host, email, password, tenantId };
}

const sessionsOf = async (token: string): Promise<Session[]> =>
  (await service.call<{ items: Session[] }>('GET', '/auth/sessions', { token })).data.items;

async function countRows(tenantId: string): Promise<number> {
  const rows = await service.sql('SELECT 1 FROM user_sessions WHERE tenant_id = $1', [tenantId]);
  return rows.length;
}

describe('A refresh', () => {
  it('returns the user and the tokens, as a log-in does', async () => {
    const { user, tokens } = await someone();
    const { refreshToken } = tokens;
    const answer = await service.call<Login>('POST', '/auth/refresh', { body: { refreshToken } });
    expect(Object.keys(answer.data)).toEqual(['user', 'tokens']);
    expect(answer.data.user).toEqual(user);
    expect(Object.keys(answer.data.tokens)).toEqual(Object.keys(tokens));
  });

  it('returns new tokens for the same session', async () => {
    const { tokens, tenantId } = await someone();
    const [before] = await sessionsOf(tokens.accessToken);
    const answer = await service.refresh(tokens.refreshToken);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.data.refreshToken).not.toBe(tokens.refreshToken);
    expect(await sessionsOf(answer.data.accessToken)).toMatchObject([
      { id: before?.id, current: true },
    ]);
    expect(await countRows(tenantId)).toBe(1);
  });

  it('sent 100 times at once returns one successor and keeps the user logged in', async () => {
    const { tokens, tenantId } = await someone();
    freeze(service);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => service.refresh(tokens.refreshToken)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
    const successors = new Set(answers.map(({ data }) => data.refreshToken));
    expect(successors.size).toBe(1);
    expect(await service.probe(answers[99]?.data.accessToken ?? '')).toBe('accepted');
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
    expect((await service.refresh([...successors][0] ?? '')).status).toBe(200);
    expect(await countRows(tenantId)).toBe(1);
  });

  it('with a spent token after the grace period revokes the session, although the answer is an error', async () => {
    const { tokens } = await someone();
    const successor = await service.refresh(tokens.refreshToken);
    forward(11_000, service);
    const replay = await service.refresh(tokens.refreshToken);
    expect(replay).toMatchObject({ status: 401, error: { code: 'TOKEN_REVOKED' } });
    expect((await service.refresh(successor.data.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    expect(await service.probe(successor.data.accessToken)).toBe('TOKEN_REVOKED');
  });

  it('with a spent token is refused by a process that has just started', async () => {
    const { tokens } = await someone();
    const successor = await service.refresh(tokens.refreshToken);
    const restarted = await service.restarted();
    try {
      forward(11_000, restarted);
      expect((await restarted.refresh(tokens.refreshToken)).error.code).toBe('TOKEN_REVOKED');
      // The other instance is notified by the revocation feed only, within 100 ms.
      await vi.waitFor(async () => {
        expect(await service.probe(successor.data.accessToken)).toBe('TOKEN_REVOKED');
      });
    } finally {
      await restarted.app.close();
    }
  });

  it('extends the session, which ends after 24 hours without use and after seven days in any case', async () => {
    const { tokens, tenantId } = await someone();
    let latest: Tokens = tokens;
    for (let day = 0; day < 7; day += 1) {
      await age(tenantId, 23);
      latest = (await service.refresh(latest.refreshToken)).data;
    }
    const [session] = await sessionsOf(latest.accessToken);
    const left = Date.parse(session?.expiresAt ?? '') - Date.parse(session?.lastUsedAt ?? '');
    expect(left / 3_600_000).toBeCloseTo(7, 1);
    await age(tenantId, 7);
    expect((await service.refresh(latest.refreshToken)).error.code).toBe('SESSION_EXPIRED');

    const idle = await someone();
    await age(idle.tenantId, 24);
    expect((await service.refresh(idle.tokens.refreshToken)).error.code).toBe('SESSION_EXPIRED');
  });

  it('keeps the access tokens of an extended session valid beyond its earlier end', async () => {
    const { tokens, tenantId } = await someone();
    await service.sql(
      `UPDATE user_sessions SET expires_at = now() + interval '300 milliseconds' WHERE tenant_id = $1`,
      [tenantId],
    );
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
    const { accessToken } = (await service.refresh(tokens.refreshToken)).data;
    await vi.waitFor(async () => {
      const [row] = await service.sql<{ passed: boolean }>(
        `SELECT now() > last_used_at + interval '300 milliseconds' AS passed FROM user_sessions WHERE tenant_id = $1`,
        [tenantId],
      );
      expect(row?.passed).toBe(true);
    });
    expect(await service.probe(accessToken)).toBe('accepted');
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
  });

  it('refuses an access token, any other text and a token of a tenant other than that of the host', async () => {
    const { tokens, host } = await someone();
    const other = await service.tenant();
    for (const refreshToken of [
      tokens.accessToken,
      'x',
      `${tokens.refreshToken}=`,
      ` ${tokens.refreshToken}`,
    ]) {
      expect(await service.refresh(refreshToken)).toMatchObject({
        status: 401,
        error: { code: 'INVALID_TOKEN' },
      });
    }
    const body = { refreshToken: tokens.refreshToken };
    const foreign = await service.call('POST', '/auth/refresh', { host: other.host, body });
    expect(foreign).toMatchObject({ status: 403, error: { code: 'TENANT_MISMATCH' } });
    const headers = { 'x-tenant-id': other.tenantId };
    expect((await service.call('POST', '/auth/refresh', { host, headers, body })).status).toBe(200);
  });

  it('is refused while the tenant is suspended and works again afterwards', async () => {
    const { tokens, tenantId } = await someone();
    await service.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenantId]);
    expect(await service.refresh(tokens.refreshToken)).toMatchObject({
      status: 403,
      error: { code: 'INVALID_TENANT' },
    });
    expect(await service.probe(tokens.accessToken)).toBe('INVALID_TENANT');
    await service.sql(`UPDATE tenants SET status = 'active' WHERE id = $1`, [tenantId]);
    forward(60_000, service);
    expect((await service.refresh(tokens.refreshToken)).status).toBe(200);
  });

  it('that races with the end of the session leaves no working token, in 200 attempts', async () => {
    const { host, tenantId } = await service.tenant();
    const user = await service.user(tenantId);
    for (let round = 0; round < 200; round += 1) {
      const { tokens } = await service.login(host, user);
      const refreshing = [
        service.refresh(tokens.refreshToken),
        service.refresh(tokens.refreshToken),
      ];
      const [logout, ...refreshed] = await Promise.all([
        service.call('POST', '/auth/logout', { token: tokens.accessToken }),
        ...refreshing,
      ]);
      expect(logout?.status).toBe(200);
      const minted = refreshed.flatMap(({ status, data }) => (status === 200 ? [data] : []));
      for (const any of [tokens, ...minted]) {
        expect(await service.probe(any.accessToken)).toBe('TOKEN_REVOKED');
        expect((await service.refresh(any.refreshToken)).error.code).toBe('TOKEN_REVOKED');
      }
    }
  }, 120_000);
});

describe('The sessions of a user', () => {
  it('are listed with their origin and without anything that could be used as a token', async () => {
    const first = await someone();
    await service.call('POST', '/auth/login', {
      host: first.host,
      headers: { 'user-agent': 'POCTracker/1.0 (iOS 19)' },
      body: { email: first.email, password: first.password, deviceId: 'anas-phone' },
    });
    const answer = await service.call<{ items: Session[] }>('GET', '/auth/sessions', {
      token: first.tokens.accessToken,
    });
    expect(answer.data).toMatchObject({ items: { length: 2 }, nextCursor: null });
    expect(answer.data.items.find(({ current }) => !current)).toEqual({
      id: expect.any(String),
      current: false,
      deviceId: 'anas-phone',
      ipAddress: '127.0.0.1',
      userAgent: 'POCTracker/1.0 (iOS 19)',
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      expiresAt: expect.any(String),
    });
    expect(answer.text).not.toMatch(/hash|nonce/i);
  });

  it('are listed page by page, newest first, to their own user only', async () => {
    const first = await someone();
    for (let count = 0; count < 4; count += 1) await service.login(first.host, first);
    const page = (user: Login, query: string) =>
      service.call<{ items: Session[]; nextCursor: string | null }>(
        'GET',
        `/auth/sessions?${query}`,
        { token: user.tokens.accessToken },
      );
    const pages = [await page(first, 'limit=2')];
    for (let cursor = pages[0]?.data.nextCursor; cursor; cursor = pages.at(-1)?.data.nextCursor)
      pages.push(await page(first, `limit=2&cursor=${cursor}`));
    const ids = pages.map(({ data }) => data.items.map(({ id }) => id));
    expect(ids.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(ids.flat()).toEqual(ids.flat().toSorted().toReversed());
    expect(pages.at(-1)?.data.items.at(-1)?.current).toBe(true);
    const stranger = await someone();
    const stolen = await page(stranger, `cursor=${pages[0]?.data.nextCursor}`);
    expect(stolen.status).toBe(400);
  });

  it('are revoked one by one, immediately and in other processes as well', async () => {
    const first = await someone();
    const second = await service.login(first.host, first);
    const other = await service.restarted();
    try {
      const { id } = (await sessionsOf(second.tokens.accessToken)).find(
        ({ current }) => current,
      ) as Session;
      const answer = await service.call('DELETE', `/auth/sessions/${id}`, {
        token: first.tokens.accessToken,
      });
      expect(answer).toMatchObject({ status: 200, data: { revoked: 1 } });
      expect(await service.probe(second.tokens.accessToken)).toBe('TOKEN_REVOKED');
      expect(await other.probe(second.tokens.accessToken)).toBe('TOKEN_REVOKED');
      expect(await other.probe(first.tokens.accessToken)).toBe('accepted');
    } finally {
      await other.app.close();
    }
  });

  it('are all revoked but the current one', async () => {
    const first = await someone();
    const others = [await service.login(first.host, first), await service.login(first.host, first)];
    const answer = await service.call('DELETE', '/auth/sessions', {
      token: first.tokens.accessToken,
    });
    expect(answer.data).toEqual({ revoked: 2 });
    for (const { tokens } of others)
      expect(await service.probe(tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect(await service.probe(first.tokens.accessToken)).toBe('accepted');
  });

  it('cannot be revoked by another user, for whom their ids answer like unknown ids', async () => {
    const [mine, foreign] = [await someone(), await someone()];
    const admin = await service.user(mine.tenantId, { role: 'admin' });
    const colleague = await service.login(mine.host, admin);
    const [[myId], [foreignId]] = [
      await sessionsOf(mine.tokens.accessToken),
      await sessionsOf(foreign.tokens.accessToken),
    ];
    const ids = [myId?.id, foreignId?.id, '0192f0c1-7d3a-7c51-9f0e-3a2b1c4d5e6f'];
    const answers = await Promise.all(
      ids.map((id) =>
        service.call('DELETE', `/auth/sessions/${id}`, { token: colleague.tokens.accessToken }),
      ),
    );
    for (const { status, error } of answers) {
      expect({ status, error: { ...error, requestId: '' } }).toEqual({
        status: 404,
        error: { ...answers[2]?.error, requestId: '' },
      });
    }
    expect(await service.probe(mine.tokens.accessToken)).toBe('accepted');
    expect(await service.probe(foreign.tokens.accessToken)).toBe('accepted');
  });

  it('are not found by a malformed id', async () => {
    const { tokens } = await someone();
    const answer = await service.call('DELETE', '/auth/sessions/1%20OR%201=1', {
      token: tokens.accessToken,
    });
    expect(answer).toMatchObject({
      status: 400,
      error: { code: 'VALIDATION_ERROR', details: [{ field: 'id' }] },
    });
  });
});

describe('An access token', () => {
  it('is refused after log-out, before it expires', async () => {
    const { tokens } = await someone();
    const answer = await service.call('POST', '/auth/logout', { token: tokens.accessToken });
    expect(JSON.parse(answer.text)).toEqual({
      success: true,
      message: 'You are logged out.',
      data: { revoked: 1 },
    });
    expect(await service.probe(tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect((await service.refresh(tokens.refreshToken)).error.code).toBe('TOKEN_REVOKED');
  });

  it('can be logged out again, so that a client that lost the answer can repeat the request', async () => {
    const { tokens } = await someone();
    const logOut = (token: string) =>
      service.call<{ revoked: number }>('POST', '/auth/logout', { token });
    expect((await logOut(tokens.accessToken)).data).toEqual({ revoked: 1 });
    const again = await logOut(tokens.accessToken);
    expect([again.status, again.data]).toEqual([200, { revoked: 0 }]);
    const forged = await logOut(`${tokens.accessToken.slice(0, -8)}AAAAAAAA`);
    expect([forged.status, forged.error.code]).toEqual([401, 'INVALID_TOKEN']);
  });

  it('can be logged out twice at once', async () => {
    const { tokens } = await someone();
    const answers = await Promise.all(
      [1, 2].map(() => service.call('POST', '/auth/logout', { token: tokens.accessToken })),
    );
    expect(answers.map(({ status }) => status)).not.toContain(404);
    expect(await service.probe(tokens.accessToken)).toBe('TOKEN_REVOKED');
  });

  it.each([
    [
      'the user is suspended',
      `UPDATE users SET status = 'suspended' WHERE tenant_id = $1`,
      'TOKEN_REVOKED',
    ],
    ['the user is deleted', 'DELETE FROM users WHERE tenant_id = $1', 'TOKEN_REVOKED'],
    [
      'the tenant is suspended',
      `UPDATE tenants SET status = 'suspended' WHERE id = $1`,
      'INVALID_TENANT',
    ],
  ])('is refused as soon as %s', async (_what, statement, code) => {
    const { tokens, tenantId } = await someone();
    expect(await service.probe(tokens.accessToken)).toBe('accepted');
    await service.sql(statement, [tenantId]);
    expect(await service.probe(tokens.accessToken)).toBe(code);
  });
});
