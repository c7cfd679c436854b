import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../service.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

async function signedIn() {
  const tenant = await service.tenant();
  const user = await service.user(tenant.tenantId, { role: 'admin' });
  const { tokens } = await service.login(tenant.host, user);
  return { ...tenant, user, token: tokens.accessToken, tokens };
}

const change = (token: string, security: object) =>
  service.call('PATCH', '/tenants/current/settings', { token, body: { security } });

/** Lets hours pass for a tenant's sessions: since the log-in, the last use, or both. */
const pass = (tenantId: string, hours: number, ...columns: ('created_at' | 'last_used_at')[]) =>
  service.sql(
    `UPDATE user_sessions
        SET created_at = created_at - CASE WHEN $3 THEN passed ELSE '0' END,
            last_used_at = last_used_at - CASE WHEN $4 THEN passed ELSE '0' END
       FROM make_interval(hours => $2) AS passed WHERE tenant_id = $1`,
    [tenantId, hours, columns.includes('created_at'), columns.includes('last_used_at')],
  );

const revoked = (token: string) =>
  expect.poll(() => service.probe(token), { timeout: 5_000, interval: 20 }).toBe('TOKEN_REVOKED');

describe('A shorter session timeout', () => {
  it('ends the sessions that were unused for longer at once, and no others', async () => {
    const { token, tokens, tenantId, host, user } = await signedIn();
    await pass(tenantId, 5, 'created_at', 'last_used_at');
    const young = await service.login(host, user);
    const foreign = await signedIn();
    await pass(foreign.tenantId, 5, 'created_at', 'last_used_at');
    expect((await change(young.tokens.accessToken, { sessionTimeout: 4 })).status).toBe(200);
    await revoked(token);
    expect((await service.refresh(tokens.refreshToken)).error.code).toBe('TOKEN_REVOKED');
    expect(await service.probe(young.tokens.accessToken)).toBe('accepted');
    expect(await service.probe(foreign.token)).toBe('accepted');
  });

  it('keeps an old session that was used lately', async () => {
    const { token, tenantId } = await signedIn();
    await pass(tenantId, 5, 'created_at');
    expect((await change(token, { sessionTimeout: 4 })).status).toBe(200);
    expect(await service.probe(token)).toBe('accepted');
  });

  it('lets the other sessions refresh, also for a client that refreshes twice', async () => {
    const { token, tokens, tenantId } = await signedIn();
    await change(token, { sessionTimeout: 2 });
    const first = await service.refresh(tokens.refreshToken);
    const again = await service.refresh(tokens.refreshToken);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.data.refreshToken).toBe(first.data.refreshToken);
    const [row] = await service.sql<{ hours: number }>(
      `SELECT extract(epoch FROM expires_at - last_used_at)::float / 3600 AS hours FROM user_sessions WHERE tenant_id = $1`,
      [tenantId],
    );
    expect(row?.hours).toBeCloseTo(2, 5);
  });

  it('is not reverted for running sessions by a longer one', async () => {
    const { token, tokens, tenantId } = await signedIn();
    await change(token, { sessionTimeout: 2 });
    await change(token, { sessionTimeout: 48 });
    await service.refresh(tokens.refreshToken);
    const [row] = await service.sql<{ hours: number }>(
      `SELECT extract(epoch FROM expires_at - last_used_at)::float / 3600 AS hours FROM user_sessions WHERE tenant_id = $1`,
      [tenantId],
    );
    expect(row?.hours).toBeCloseTo(2, 5);
  });
});

describe('A shorter session lifetime', () => {
  it('ends the sessions that are older at once, although they were used lately, and caps the others', async () => {
    const { token, tenantId, host, user } = await signedIn();
    await pass(tenantId, 30, 'created_at');
    const young = await service.login(host, user);
    const answer = await change(young.tokens.accessToken, {
      sessionLifetime: 12,
      sessionTimeout: 12,
    });
    expect(answer.status).toBe(200);
    await revoked(token);
    const [row] = await service.sql<{ hours: number }>(
      `SELECT extract(epoch FROM ends_at - created_at)::float / 3600 AS hours
         FROM user_sessions WHERE tenant_id = $1 AND is_active`,
      [tenantId],
    );
    expect(row?.hours).toBeCloseTo(12, 5);
  });

  it('cannot be below the timeout, whichever of the two changes', async () => {
    const { token } = await signedIn();
    const refusal = async (security: object) => (await change(token, security)).error.details;
    expect(await refusal({ sessionLifetime: 12 })).toEqual([
      {
        field: 'security.sessionLifetime',
        message: 'must not be shorter than security.sessionTimeout, which is 24 hours',
      },
    ]);
    expect(await refusal({ sessionLifetime: 100, sessionTimeout: 101 })).toEqual([
      {
        field: 'security.sessionTimeout',
        message: 'must not be longer than security.sessionLifetime, which is 100 hours',
      },
    ]);
    expect((await change(token, { sessionLifetime: 12, sessionTimeout: 12 })).status).toBe(200);
    // Back to the default of 24 hours, which the lifetime of 12 hours does not allow.
    expect(await refusal({ sessionTimeout: null })).toMatchObject([
      { field: 'security.sessionTimeout' },
    ]);
    expect((await change(token, { sessionTimeout: null, sessionLifetime: null })).status).toBe(200);
  });
});
