import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP_CONFIG, type AppConfig } from '../../../apps/auth-service/src/config/app-config.js';
import { deriveKey } from '../../../apps/auth-service/src/config/derived-key.js';
import { auditLogOn } from '../audit/audit.fixture.js';
import { ServiceFixture } from '../service.fixture.js';
import { claimsOf } from '../users/users.fixture.js';
import {
  acceptCodes,
  answerChallenge,
  challengeOf,
  cookieOf,
  enroll,
  WRONG_CODE,
} from './second-factor.fixture.js';

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
  acceptCodes(service);
});

afterAll(async () => {
  await service?.stop();
});

/** A user with an authenticator app, in a tenant with an admin. */
async function protectedUser() {
  const { host, tenantId } = await service.tenant();
  const admin = await service.login(host, await service.user(tenantId, { role: 'admin' }));
  const user = await service.user(tenantId);
  await enroll(service, user);
  return { ...user, host, tenantId, admin: admin.tokens.accessToken };
}

const sessionsOf = async (userId: string): Promise<number> =>
  (await service.sql('SELECT FROM user_sessions WHERE user_id = $1 AND is_active', [userId]))
    .length;

describe('A log-in with a second factor', () => {
  it('asks for the factor after the right password and opens a session after both', async () => {
    const user = await protectedUser();
    const first = await service.call('POST', '/auth/login', {
      host: user.host,
      body: { email: user.email, password: user.password, deviceId: 'phone' },
    });
    expect([first.status, first.error.code]).toEqual([401, 'SECOND_FACTOR_REQUIRED']);
    expect(first.error.details).toEqual({
      challengeToken: expect.any(String),
      expiresIn: 300,
      methods: ['totp', 'recoveryCode'],
    });
    expect(first.headers['set-cookie']).toBeUndefined();
    expect(await sessionsOf(user.userId)).toBe(0);
    const { challengeToken } = first.error.details as { challengeToken: string };

    const second = await answerChallenge(service, user.host, challengeToken);
    expect(second.status, second.text).toBe(200);
    expect(claimsOf(second.data.tokens.accessToken)).toMatchObject({
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'aal2',
      device_id: 'phone',
    });
    expect(second.data.user['loginCount']).toBe(1);
    const refreshed = await service.refresh(second.data.tokens.refreshToken);
    expect(claimsOf(refreshed.data.accessToken)).toMatchObject({
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: claimsOf(second.data.tokens.accessToken)['auth_time'],
    });
    const events = await auditLogOn(service, user.admin, { targetId: user.userId });
    expect(JSON.stringify(events)).toContain('login.challenged');
    expect(JSON.stringify(events)).not.toContain('login.failed');
    expect(JSON.stringify(events)).not.toContain(challengeToken);
  });

  it('answers a wrong password as it does for a user without a factor', async () => {
    const { host, email } = await protectedUser();
    const body = { email, password: 'wrong wrong wrong' };
    const answer = await service.call('POST', '/auth/login', { host, body });
    expect([answer.status, answer.error.code]).toEqual([401, 'INVALID_CREDENTIALS']);
  });

  it('asks for exactly one proof', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    for (const proof of [{}, { totp: '123456', recoveryCode: 'x' }]) {
      const body = { challengeToken, ...proof };
      const answer = await service.call('POST', '/auth/login/factor', { host: user.host, body });
      expect(answer.error.code).toBe('VALIDATION_ERROR');
    }
  });

  it('opens one session when a challenge is answered 20 times at once', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        answerChallenge(service, user.host, challengeToken, {
          headers: { 'x-forwarded-for': `203.0.113.${index}` },
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(user.userId)).toBe(1);
  });

  it('asks for the factor after a renewed password as well, and ends the sessions at once', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    const session = await answerChallenge(service, user.host, challengeToken);
    const body = {
      email: user.email,
      currentPassword: user.password,
      newPassword: 'onze barcos voltam cedo',
    };
    const renew = () => service.call('POST', '/auth/password/renew', { host: user.host, body });
    // A password alone does not change what the factor protects, unless an admin has asked for the change.
    expect((await renew()).error.code).toBe('AUTH_REQUIRED');
    expect(await service.probe(session.data.tokens.accessToken)).toBe('accepted');
    await service.sql('UPDATE users SET must_change_password = true WHERE id = $1', [user.userId]);
    const renewed = await renew();
    expect(renewed.error.code).toBe('SECOND_FACTOR_REQUIRED');
    expect(await service.probe(session.data.tokens.accessToken)).toBe('TOKEN_REVOKED');
    expect((await answerChallenge(service, user.host, challengeToken)).error.code).toBe(
      'INVALID_CHALLENGE',
    );
    const next = (renewed.error.details as { challengeToken: string }).challengeToken;
    expect((await answerChallenge(service, user.host, next)).status).toBe(200);
  });
});

describe('A challenge token', () => {
  it('is accepted neither as an access token nor as a refresh token', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    expect(await service.probe(challengeToken)).toBe('INVALID_TOKEN');
    expect((await service.refresh(challengeToken)).error.code).toBe('INVALID_TOKEN');
  });

  it('is no other token: access and refresh tokens are no challenges', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    const { tokens } = (await answerChallenge(service, user.host, challengeToken)).data;
    for (const token of [tokens.accessToken, tokens.refreshToken, 'x', `${challengeToken}x`]) {
      const answer = await answerChallenge(service, user.host, token);
      expect([answer.status, answer.error.code]).toEqual([401, 'INVALID_CHALLENGE']);
    }
  });

  it('is refused with the type of another token, although its signature is genuine', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    const payload = challengeToken.split('.')[1] ?? '';
    const { tokens } = service.app.get<AppConfig>(APP_CONFIG);
    const key = deriveKey(tokens.refreshSecret, 'poc-tracker login challenge v1');
    const signed = (header: object) => {
      const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`;
      return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
    };
    for (const header of [
      { alg: 'HS256', typ: 'JWT' },
      { alg: 'HS256', typ: 'at+jwt' },
    ]) {
      const refused = await answerChallenge(service, user.host, signed(header));
      expect(refused.error.code).toBe('INVALID_CHALLENGE');
    }
    const genuine = signed({ alg: 'HS256', typ: 'lc+jwt' });
    expect((await answerChallenge(service, user.host, genuine)).status).toBe(200);
  });

  it('is refused after it was used', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    expect((await answerChallenge(service, user.host, challengeToken)).status).toBe(200);
    const again = await answerChallenge(service, user.host, challengeToken);
    expect(again.error.code).toBe('INVALID_CHALLENGE');
    expect(await sessionsOf(user.userId)).toBe(1);
  });

  it('is refused in another tenant', async () => {
    const [ours, theirs] = [await protectedUser(), await protectedUser()];
    const { challengeToken } = await challengeOf(service, ours.host, ours);
    const answer = await answerChallenge(service, theirs.host, challengeToken);
    expect(answer.error.code).toBe('INVALID_CHALLENGE');
    expect((await answerChallenge(service, ours.host, challengeToken)).status).toBe(200);
  });

  it('logs in the user who proved the password and no other', async () => {
    const user = await protectedUser();
    const other = await service.user(user.tenantId);
    await enroll(service, other);
    const { challengeToken } = await challengeOf(service, user.host, user);
    const body = { userId: other.userId, sub: other.userId };
    const named = await answerChallenge(service, user.host, challengeToken, body);
    expect(named.error.code).toBe('VALIDATION_ERROR');
    const answer = await answerChallenge(service, user.host, challengeToken);
    expect(answer.data.user.id).toBe(user.userId);
    expect(await sessionsOf(other.userId)).toBe(0);
  });

  it('is refused after five minutes by the clock of the database', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    await service.sql(`UPDATE login_challenges SET expires_at = now() WHERE user_id = $1`, [
      user.userId,
    ]);
    const answer = await answerChallenge(service, user.host, challengeToken);
    expect(answer.error.code).toBe('INVALID_CHALLENGE');
  });

  it.each([
    [
      'the password was changed',
      `UPDATE users SET password_hash = '$argon2id$v=19$m=19456,t=2,p=1$AAAA$BBBB', must_change_password = false WHERE id = $1`,
    ],
    ['the user was suspended', `UPDATE users SET status = 'suspended' WHERE id = $1`],
    ['a factor was added', `UPDATE users SET factors = '{totp,passkey}' WHERE id = $1`],
    [
      'an admin required another password',
      `UPDATE users SET must_change_password = true WHERE id = $1`,
    ],
    ['the address was changed', `UPDATE users SET email = 'moved-' || email WHERE id = $1`],
  ])('is refused after %s', async (_what, change) => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    await service.sql(change, [user.userId]);
    const answer = await answerChallenge(service, user.host, challengeToken);
    expect(answer.error.code).toBe('INVALID_CHALLENGE');
    expect(await sessionsOf(user.userId)).toBe(0);
  });

  it('is refused from another client than the one that proved the password', async () => {
    const user = await protectedUser();
    const headers = { 'user-agent': 'Firefox' };
    const { challengeToken } = await challengeOf(service, user.host, user, headers);
    const stolen = await answerChallenge(service, user.host, challengeToken, {
      headers: { 'user-agent': 'curl' },
    });
    expect(stolen.error.code).toBe('INVALID_CHALLENGE');
    const first = await answerChallenge(service, user.host, challengeToken, { headers });
    expect(first.status).toBe(200);
    const onDevice = { ...headers, ...cookieOf(first) };
    const next = await challengeOf(service, user.host, user, onDevice);
    const withoutCookie = await answerChallenge(service, user.host, next.challengeToken, {
      headers,
    });
    expect(withoutCookie.error.code).toBe('INVALID_CHALLENGE');
    const withCookie = await answerChallenge(service, user.host, next.challengeToken, {
      headers: onDevice,
    });
    expect(withCookie.status).toBe(200);
  });

  it('takes five tries', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    for (let tries = 0; tries < 5; tries += 1) {
      const wrong = await answerChallenge(service, user.host, challengeToken, { totp: WRONG_CODE });
      expect(wrong.error.code).toBe('INVALID_CREDENTIALS');
    }
    const late = await answerChallenge(service, user.host, challengeToken);
    expect(late.error.code).toBe('INVALID_CHALLENGE');
  });
});

describe('Wrong codes', () => {
  it('lock the account, however often the right password starts another log-in', async () => {
    const user = await protectedUser();
    for (let tries = 0; tries < 6; tries += 1) {
      const { challengeToken } = await challengeOf(service, user.host, user);
      const wrong = await answerChallenge(service, user.host, challengeToken, { totp: WRONG_CODE });
      expect(wrong.error.code).toBe('INVALID_CREDENTIALS');
    }
    const body = { email: user.email, password: user.password };
    const locked = await service.call('POST', '/auth/login', { host: user.host, body });
    expect(locked.error.code).toBe('INVALID_CREDENTIALS');
  });

  it('are recorded as failed log-ins of the user', async () => {
    const user = await protectedUser();
    const { challengeToken } = await challengeOf(service, user.host, user);
    await answerChallenge(service, user.host, challengeToken, { totp: WRONG_CODE });
    const query = { type: 'login.failed', targetId: user.userId };
    expect(await auditLogOn(service, user.admin, query)).toMatchObject([
      { result: 'failure', details: { reason: 'INVALID_CREDENTIALS' } },
    ]);
  });
});
