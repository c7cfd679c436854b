import { describe, expect, it } from 'vitest';
import type { Login } from '../service.fixture.js';
import {
  attempt,
  attempts,
  newAddress,
  other,
  service,
  statuses,
  useLimitedInstances,
} from './limits.fixture.js';

useLimitedInstances();

interface Known {
  host: string;
  email: string;
  password?: string;
  cookie?: string;
}

/** A log-in from an address that no other request has. */
const logIn = ({ host, email, password = 'a wrong password', cookie }: Known) =>
  service.call<Login>('POST', '/auth/login', {
    host,
    body: { email, password },
    headers: { 'x-forwarded-for': newAddress(), ...(cookie !== undefined && { cookie }) },
  });

/** A user whose device has logged in once, in a tenant with these limits. */
async function knownUser(rules: Readonly<Record<string, string>> = {}) {
  const { host, tenantId } = await service.tenant();
  await service.sql('UPDATE tenants SET rate_limits = $2 WHERE id = $1', [
    tenantId,
    JSON.stringify({ rules, shadow: [] }),
  ]);
  const { userId, email, password } = await service.user(tenantId);
  const { headers, data } = await logIn({ host, email, password });
  const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  return { host, tenantId, userId, email, password, cookie, token: data.tokens.accessToken };
}

const exhaust = (host: string, email: string) =>
  attempts(6, () => attempt(service, { host, email }));

describe('a known device', () => {
  it('logs in although strangers have used up the attempts of its account', async () => {
    const { host, email, password, cookie } = await knownUser();
    expect(statuses(await exhaust(host, email)).at(-1)).toBe(429);
    expect((await logIn({ host, email, password })).status).toBe(429);
    expect((await logIn({ host, email, password, cookie })).status).toBe(200);
  });

  it('logs in although strangers have used up the attempts of its tenant', async () => {
    const { host, email, password, cookie } = await knownUser({ 'login:tenant': '2/900' });
    const strangers = await attempts(3, (index) =>
      attempt(service, { host, email: `stranger${index}@acme.example` }),
    );
    expect(statuses(strangers).at(-1)).toBe(429);
    expect((await logIn({ host, email, password })).status).toBe(429);
    expect((await logIn({ host, email, password, cookie })).status).toBe(200);
  });

  it.each([
    ['has expired', 'expires_at = now()'],
    ['was revoked', 'is_active = false'],
  ])(
    'without a cookie jar is known by the value it has kept, although its session %s',
    async (_how, end) => {
      const { host, tenantId, email, password, cookie, token } = await knownUser();
      await service.sql(`UPDATE user_sessions SET ${end} WHERE tenant_id = $1`, [tenantId]);
      expect(await service.probe(token)).not.toBe('accepted');
      await exhaust(host, email);
      expect((await logIn({ host, email, password })).status).toBe(429);
      expect((await logIn({ host, email, password, cookie })).status).toBe(200);
    },
  );

  it('has as many attempts as strangers, and uses up only its own', async () => {
    const { host, email, password, cookie } = await knownUser();
    const answers = await attempts(6, () => logIn({ host, email, cookie }));
    expect(statuses(answers)).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await logIn({ host, email, password })).status).toBe(200);
  });

  it('counts among strangers for another account, in another tenant and with a forged cookie', async () => {
    const { host, email, password, cookie } = await knownUser();
    const elsewhere = await knownUser();
    await exhaust(elsewhere.host, elsewhere.email);
    const other = { ...elsewhere, cookie };
    expect((await logIn(other)).status).toBe(429);

    const namesake = await service.user(elsewhere.tenantId, { email });
    await exhaust(elsewhere.host, email);
    const there = { host: elsewhere.host, email, password: namesake.password, cookie };
    expect((await logIn(there)).status).toBe(429);

    await exhaust(host, email);
    const forged = `${cookie.slice(0, -20)}${'A'.repeat(20)}`;
    expect((await logIn({ host, email, password, cookie: forged })).status).toBe(429);
  });

  it('counts among strangers after the address of its account was changed', async () => {
    const { host, userId, password, cookie } = await knownUser();
    const email = `new-${userId}@acme.example`;
    await service.sql('UPDATE users SET email = $2 WHERE id = $1', [userId, email]);
    await exhaust(host, email);
    expect((await logIn({ host, email, password, cookie })).status).toBe(429);
  });
});

describe('an account whose attempts strangers have used up', () => {
  it.each(['unlock', 'reset-password'])(
    'can log in on a new device after %s by an admin',
    async (route) => {
      const { host, tenantId, userId, email } = await knownUser();
      const { email: adminEmail, password } = await service.user(tenantId, { role: 'admin' });
      const { tokens } = (await logIn({ host, email: adminEmail, password })).data;
      await exhaust(host, email);
      const call = { token: tokens.accessToken };
      const answer = await service.call('POST', `/auth/users/${userId}/${route}`, call);
      expect(answer.status).toBe(200);
      expect((await logIn({ host, email })).status).toBe(401);
      expect((await attempt(other, { host, email })).status).toBe(401);
    },
  );
});
