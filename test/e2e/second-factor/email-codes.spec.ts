import type { SeededUser } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  daily,
  insertFormerLogins,
} from '../../../apps/auth-service/src/session/login-history/former-logins.fixture.js';
import { Mails } from '../account/account.fixture.js';
import { auditLogOn } from '../audit/audit.fixture.js';
import { type Answer, type Login, ServiceFixture } from '../service.fixture.js';
import { claimsOf } from '../users/users.fixture.js';
import { enroll } from './second-factor.fixture.js';

/** In Brazil and Germany, according to the bundled database. */
const BRAZIL = '200.160.2.3';
const THERE = { 'x-forwarded-for': '194.25.0.60', 'user-agent': 'Firefox/133.0' };

let service: ServiceFixture;
let mails: Mails;

beforeAll(async () => {
  service = await ServiceFixture.start({ TRUSTED_PROXIES: '127.0.0.1' });
  mails = new Mails(service);
});

afterAll(async () => {
  await service?.stop();
});

interface Workplace extends SeededUser {
  host: string;
  /** Of an admin. */
  token: string;
}

/** A user who always logs in in Brazil, in a tenant that challenges suspicious log-ins. */
async function workplace(): Promise<Workplace> {
  const { host, tenantId } = await service.tenant();
  const { tokens } = await service.login(host, await service.user(tenantId, { role: 'admin' }));
  await secure(tokens.accessToken, { riskPolicy: 'challenge' });
  const user = await service.user(tenantId);
  await insertFormerLogins(service, {
    ...user,
    hoursAgo: daily(14, 12),
    ipAddress: BRAZIL,
    userAgent: 'Chrome/131.0.0.0',
  });
  return { host, token: tokens.accessToken, ...user };
}

async function secure(token: string, security: object): Promise<void> {
  const body = { security };
  const answer = await service.call('PATCH', '/tenants/current/settings', { token, body });
  expect(answer.status, answer.text).toBe(200);
}

const post = <T>({ host }: Pick<Workplace, 'host'>, path: string, body: object, headers = THERE) =>
  service.call<T>('POST', `/auth/${path}`, { host, body, headers });

/** The first step of a suspicious log-in. */
async function challengeOf(user: Workplace): Promise<string> {
  const { email, password } = user;
  const { error } = await post(user, 'login', { email, password });
  expect(error).toMatchObject({
    code: 'SECOND_FACTOR_REQUIRED',
    details: { methods: ['emailCode'] },
  });
  return (error.details as { challengeToken: string }).challengeToken;
}

const send = (user: Pick<Workplace, 'host'>, challengeToken: string, headers = THERE) =>
  post(user, 'login/factor/email', { challengeToken }, headers);

async function codeFor(user: Workplace, challengeToken: string, count = 1): Promise<string> {
  expect((await send(user, challengeToken)).status).toBe(202);
  return (await mails.next('login_code', user.email, count)).values.code;
}

const answer = (
  user: Pick<Workplace, 'host'>,
  challengeToken: string,
  emailCode: string,
): Promise<Answer<Login>> => post<Login>(user, 'login/factor', { challengeToken, emailCode });

/** The next code, so never the right one. */
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

describe('A code by mail', () => {
  it('answers a suspicious log-in of a user without a second factor, and is no second factor', async () => {
    const user = await workplace();
    const challengeToken = await challengeOf(user);
    const code = await codeFor(user, challengeToken);
    const { status, data, text } = await answer(user, challengeToken, code);
    expect(status, text).toBe(200);
    const claims = claimsOf(data.tokens.accessToken);
    expect(claims).toMatchObject({ acr: 'aal1', sub: user.userId });
    expect([...(claims['amr'] as string[])].sort()).toEqual(['email', 'pwd']);
    expect((await answer(user, challengeToken, code)).error.code).toBe('INVALID_CHALLENGE');
    const entries = await auditLogOn(service, user.token, { targetId: user.userId });
    expect(JSON.stringify(entries)).not.toContain(code);
  });

  it('does not satisfy requireMFA', async () => {
    const user = await workplace();
    const challengeToken = await challengeOf(user);
    const { data } = await answer(user, challengeToken, await codeFor(user, challengeToken));
    const { accessToken: token } = data.tokens;
    await secure(user.token, { requireMFA: true });
    const refused = await service.call('GET', '/auth/colleagues', { token });
    expect(refused.error.code).toBe('FACTOR_ENROLLMENT_REQUIRED');
  });

  it('is sent once a minute, however many challenges and requests there are', async () => {
    const user = await workplace();
    const challenges = [await challengeOf(user), await challengeOf(user)];
    const asked = await Promise.all(
      [...challenges, ...challenges, ...challenges].map((token) => send(user, token)),
    );
    expect(asked.map(({ status }) => status)).toEqual(Array<number>(6).fill(202));
    expect(mails.kindsTo(user.email).filter((kind) => kind === 'login_code')).toHaveLength(1);
    await service.sql(
      `UPDATE login_challenges SET mailed_at = now() - interval '1 minute' WHERE user_id = $1`,
      [user.userId],
    );
    await codeFor(user, challenges[0] ?? '', 2);
  });

  it('is invalid after five wrong tries, also with another challenge, and they lock the account', async () => {
    const user = await workplace();
    const challengeToken = await challengeOf(user);
    const code = await codeFor(user, challengeToken);
    const other = await challengeOf(user);
    for (let tries = 0; tries < 5; tries += 1)
      expect((await answer(user, challengeToken, wrong(code))).error.code).toBe(
        'INVALID_CREDENTIALS',
      );
    expect((await answer(user, other, code)).error.code).toBe('INVALID_CREDENTIALS');
    const events = await auditLogOn(service, user.token, {
      type: 'account.locked',
      targetId: user.userId,
    });
    expect(events).toHaveLength(1);
  });

  it('is invalid after ten minutes', async () => {
    const user = await workplace();
    const challengeToken = await challengeOf(user);
    const code = await codeFor(user, challengeToken);
    await service.sql('UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1', [
      user.userId,
    ]);
    expect((await answer(user, challengeToken, code)).error.code).toBe('INVALID_CREDENTIALS');
  });

  it('is neither sent nor accepted with a challenge of another tenant or client', async () => {
    const [user, stranger] = [await workplace(), await workplace()];
    const challengeToken = await challengeOf(user);
    const foreign = await challengeOf(stranger);
    const elsewhere = { ...THERE, 'user-agent': 'curl' };
    for (const refused of [
      await send(stranger, challengeToken),
      await send(user, challengeToken, elsewhere),
      await send(user, 'x'),
    ])
      expect([refused.status, refused.error.code]).toEqual([401, 'INVALID_CHALLENGE']);
    expect(mails.to(user.email)).toEqual([]);
    const code = await codeFor(user, challengeToken);
    expect((await answer(stranger, foreign, code)).error.code).toBe('INVALID_CREDENTIALS');
    expect((await answer(user, challengeToken, code)).status).toBe(200);
  });

  it('replaces no second factor: it is not sent to a user who has one', async () => {
    const user = await workplace();
    await enroll(service, user);
    const { email, password } = user;
    const { error } = await post(user, 'login', { email, password });
    expect(error).toMatchObject({ details: { methods: ['totp', 'recoveryCode'] } });
    const { challengeToken } = error.details as { challengeToken: string };
    expect((await send(user, challengeToken)).error.code).toBe('INVALID_CHALLENGE');
    expect((await answer(user, challengeToken, '000000')).error.code).toBe('INVALID_CREDENTIALS');
  });

  it('is neither sent nor accepted once the tenant forbids it', async () => {
    const user = await workplace();
    const challengeToken = await challengeOf(user);
    const code = await codeFor(user, challengeToken);
    await secure(user.token, { emailCodeFactor: false });
    expect((await send(user, challengeToken)).error.code).toBe('INVALID_CHALLENGE');
    expect((await answer(user, challengeToken, code)).error.code).toBe('SUSPICIOUS_LOGIN');
  });

  it('must be the only proof', async () => {
    const user = await workplace();
    const challengeToken = await challengeOf(user);
    const body = { challengeToken, emailCode: '000000', totp: '000000' };
    expect((await post(user, 'login/factor', body)).error.code).toBe('VALIDATION_ERROR');
  });
});
