import { type SeededUser } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  daily,
  insertFormerLogins,
} from '../../../apps/auth-service/src/session/login-history/former-logins.fixture.js';
import { auditLogOn } from '../audit/audit.fixture.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

/** In Brazil and Germany, according to the bundled database. */
const BRAZIL = '200.160.2.3';
const GERMANY = '194.25.0.60';

const CHROME = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({ TRUSTED_PROXIES: '127.0.0.1' });
});

afterAll(async () => {
  await service?.stop();
});

type Policy = 'observe' | 'challenge' | 'refuse';

interface Workplace extends SeededUser {
  host: string;
  /** Of an admin. */
  token: string;
}

/** A user who logs in in Brazil, twelve hours from now every day, in a tenant with this policy. */
async function workplace(riskPolicy?: Policy): Promise<Workplace> {
  const { host, tenantId } = await service.tenant();
  const { tokens } = await service.login(host, await service.user(tenantId, { role: 'admin' }));
  if (riskPolicy !== undefined) await setPolicy(tokens.accessToken, riskPolicy);
  const user = await service.user(tenantId);
  await insertFormerLogins(service, {
    ...user,
    hoursAgo: daily(14, 12),
    ipAddress: BRAZIL,
    userAgent: CHROME,
  });
  return { host, token: tokens.accessToken, ...user };
}

const setPolicy = (token: string, riskPolicy: Policy) => setSecurity(token, { riskPolicy });

async function setSecurity(token: string, security: object): Promise<void> {
  const answer = await service.call('PATCH', '/tenants/current/settings', {
    token,
    body: { security },
  });
  expect(answer.status, answer.text).toBe(200);
}

interface Attempt {
  from?: string;
  userAgent?: string;
  cookie?: string;
  password?: string;
}

const headersOf = ({ from = BRAZIL, userAgent = CHROME, cookie }: Attempt) => ({
  'x-forwarded-for': from,
  'user-agent': userAgent,
  ...(cookie !== undefined && { cookie }),
});

const logIn = (
  { host, email, password }: Workplace,
  attempt: Attempt = {},
): Promise<Answer<Login>> =>
  service.call<Login>('POST', '/auth/login', {
    host,
    body: { email, password: attempt.password ?? password },
    headers: headersOf(attempt),
  });

/** The thief's log-in: another country and browser, at another hour. */
const steal = (user: Workplace) => logIn(user, { from: GERMANY, userAgent: FIREFOX });

const STOLEN = {
  score: 90,
  reasons: ['new_country', 'new_device', 'new_user_agent', 'unusual_hour'],
};

const eventsOf = ({ token, userId }: Workplace, type: string) =>
  auditLogOn(service, token, { type, targetId: userId });

const sessionsOf = async ({ tenantId, userId }: Workplace): Promise<number> =>
  (
    await service.sql(
      'SELECT FROM user_sessions WHERE tenant_id = $1 AND user_id = $2 AND is_active AND created_at > now() - interval $$1 hour$$',
      [tenantId, userId],
    )
  ).length;

describe('A suspicious log-in', () => {
  it.each([undefined, 'observe'] as const)(
    'succeeds with the policy %s, and the audit log has its score and reasons',
    async (policy) => {
      const user = await workplace(policy);
      expect((await steal(user)).status).toBe(200);
      expect(await eventsOf(user, 'login.succeeded')).toMatchObject([
        { result: 'success', ipAddress: GERMANY, details: { risk: STOLEN } },
      ]);
    },
  );

  it.each([
    ['refuse', { emailCodeFactor: true }],
    ['challenge', { emailCodeFactor: false }],
  ] as const)('is refused with the policy %s and the settings %o', async (policy, security) => {
    const code = 'SUSPICIOUS_LOGIN';
    const user = await workplace(policy);
    await setSecurity(user.token, security);
    const { status, error, headers } = await steal(user);
    expect({ status, code: error.code, details: error.details }).toEqual({ status: 403, code });
    expect(headers['set-cookie']).toBeUndefined();
    expect(await sessionsOf(user)).toBe(0);
    expect(await eventsOf(user, 'login.succeeded')).toEqual([]);
    expect(await eventsOf(user, 'login.failed')).toMatchObject([
      { result: 'failure', ipAddress: GERMANY, details: { reason: code, risk: STOLEN } },
    ]);
  });

  it('changes nothing of the user when it is refused', async () => {
    const user = await workplace('refuse');
    const stored = () => service.sql('SELECT * FROM users WHERE id = $1', [user.userId]);
    const before = await stored();
    await steal(user);
    expect(await stored()).toEqual(before);
  });

  it('answers a wrong password like any other', async () => {
    const user = await workplace('refuse');
    const wrong = await logIn(user, { from: GERMANY, userAgent: FIREFOX, password: 'wrong wrong' });
    expect(wrong.error.code).toBe('INVALID_CREDENTIALS');
  });

  it('does not lock the account, however often it is refused', async () => {
    const user = await workplace('refuse');
    for (let time = 0; time < 8; time += 1) expect((await steal(user)).status).toBe(403);
    expect((await logIn(user)).status).toBe(200);
    expect(await eventsOf(user, 'account.locked')).toEqual([]);
  });

  it('is refused in its tenant alone', async () => {
    const [refusing, observing] = [await workplace('refuse'), await workplace()];
    expect((await steal(refusing)).status).toBe(403);
    expect((await steal(observing)).status).toBe(200);
  });

  it('succeeds after the admin has set the policy to observe', async () => {
    const user = await workplace('refuse');
    expect((await steal(user)).status).toBe(403);
    await setPolicy(user.token, 'observe');
    expect((await steal(user)).status).toBe(200);
  });
});

describe('An unusual log-in of the user', () => {
  it('succeeds on a new device at home, at whatever hour', async () => {
    const user = await workplace('refuse');
    expect((await logIn(user, { userAgent: FIREFOX })).status).toBe(200);
    expect(await eventsOf(user, 'login.succeeded')).toMatchObject([
      { details: { risk: { score: 60, reasons: expect.any(Array) as unknown } } },
    ]);
  });

  it('succeeds abroad on a device that has logged in before', async () => {
    const user = await workplace('refuse');
    const { headers } = await logIn(user);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    expect((await logIn(user, { from: GERMANY, cookie })).status).toBe(200);
    expect(await eventsOf(user, 'login.succeeded')).toMatchObject([
      { details: { risk: { score: 60, reasons: ['new_country', 'impossible_travel'] } } },
      {},
    ]);
  });

  it('is refused with the device cookie of another user', async () => {
    const [user, thief] = [await workplace('refuse'), await workplace('refuse')];
    const { headers } = await logIn(thief);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    const stolen = await logIn(user, { from: GERMANY, userAgent: FIREFOX, cookie });
    expect(stolen.error.code).toBe('SUSPICIOUS_LOGIN');
  });

  it('is not suspicious if it is the first one of the account, from wherever it comes', async () => {
    const { host, tenantId, token } = await workplace('refuse');
    const user = { host, token, ...(await service.user(tenantId)) };
    expect((await steal(user)).status).toBe(200);
    expect(await eventsOf(user, 'login.succeeded')).toMatchObject([
      { details: { risk: { score: 0, reasons: [] } } },
    ]);
  });
});

describe('Strangers who try passwords from many addresses', () => {
  /** Five failed attempts, each from another network. */
  async function storm(user: Workplace): Promise<void> {
    for (let network = 1; network <= 5; network += 1) {
      const attempt = { from: `203.0.113.${network}`, password: 'wrong wrong', userAgent: 'bot/1' };
      expect((await logIn(user, attempt)).error.code).toBe('INVALID_CREDENTIALS');
    }
  }

  it('change neither the score nor the outcome of a log-in on a known device', async () => {
    const user = await workplace('refuse');
    const cookie = String((await logIn(user)).headers['set-cookie']).split(';')[0] ?? '';
    await storm(user);
    expect((await logIn(user, { cookie })).status).toBe(200);
    expect((await logIn(user, { cookie, from: GERMANY })).status).toBe(200);
    const entries = await eventsOf(user, 'login.succeeded');
    expect(entries.map(({ details }) => details).slice(0, 2)).toEqual([
      {
        country: 'DE',
        methods: 'pwd',
        risk: { score: 60, reasons: ['new_country', 'impossible_travel'] },
      },
      { country: 'BR', methods: 'pwd', risk: { score: 0, reasons: [] } },
    ]);
  });

  it('raise that of a log-in on an unknown device, also through another instance', async () => {
    const user = await workplace('observe');
    await storm(user);
    const there = await service.restarted();
    try {
      const { host, email, password } = user;
      await there.call('POST', '/auth/login', {
        host,
        body: { email, password },
        headers: headersOf({ from: GERMANY, userAgent: FIREFOX }),
      });
    } finally {
      await there.app.close();
    }
    expect(await eventsOf(user, 'login.succeeded')).toMatchObject([
      {
        details: {
          risk: { score: 100, reasons: expect.arrayContaining(['many_addresses']) as unknown },
        },
      },
    ]);
  });
});

describe('The renewal of a temporary password', () => {
  const renew = ({ host, email, password }: Workplace, attempt: Attempt) =>
    service.call<Login>('POST', '/auth/password/renew', {
      host,
      body: { email, currentPassword: password, newPassword: GOOD_PASSWORD },
      headers: headersOf(attempt),
    });

  it('is refused like a log-in, and the password stays', async () => {
    const user = await workplace('refuse');
    const { status, error } = await renew(user, { from: GERMANY, userAgent: FIREFOX });
    expect({ status, code: error.code }).toEqual({ status: 403, code: 'SUSPICIOUS_LOGIN' });
    expect(await eventsOf(user, 'login.failed')).toMatchObject([{ details: { risk: STOLEN } }]);
    expect((await renew(user, {})).status).toBe(200);
    expect(await eventsOf(user, 'login.succeeded')).toMatchObject([
      { details: { risk: { score: 45, reasons: ['new_device', 'unusual_hour'] } } },
    ]);
  });
});

describe('A leaked password', () => {
  it('is named in the audit log and lets the user in', async () => {
    const { host, tenantId, token } = await workplace('refuse');
    const user = { host, token, ...(await service.user(tenantId, { password: 'password123' })) };
    expect((await logIn(user)).status).toBe(200);
    const [entry] = await eventsOf(user, 'login.succeeded');
    expect(entry?.details).toEqual({
      country: 'BR',
      methods: 'pwd',
      risk: { score: 10, reasons: ['leaked_password'] },
    });
  });
});
