import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLogOn } from '../audit/audit.fixture.js';
import { GOOD_PASSWORD, ServiceFixture, type Tokens } from '../service.fixture.js';
import { claimsOf, type Member, workspaceOf } from '../users/users.fixture.js';
import {
  acceptCodes,
  answerChallenge,
  challengeOf,
  enroll,
  RIGHT_CODE,
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

const stepUp = (token: string, body: object) =>
  service.call<Tokens>('POST', '/auth/step-up', { token, body });

/** Lets the last proof of the session become old, and returns a token that says so. */
async function grownOld(member: Pick<Member, 'token' | 'refreshToken'>): Promise<Tokens> {
  await service.sql(
    `UPDATE user_sessions SET authenticated_at = now() - interval '16 minutes' WHERE id = $1`,
    [claimsOf(member.token)['session_id']],
  );
  return (await service.refresh(member.refreshToken)).data;
}

const requireDarkMode = (token: string, group: 'security' | 'theme') =>
  service.call('PATCH', '/tenants/current/settings', {
    token,
    body: group === 'theme' ? { theme: { darkMode: true } } : { security: { maxSessions: 50 } },
  });

describe('A proof of identity that is too old', () => {
  it('is asked again before sensitive changes, and not before others', async () => {
    const { join } = await workspaceOf(service);
    const admin = await join('admin');
    const colleague = await join('user');
    const { accessToken: token } = await grownOld(admin);
    const calls = [
      requireDarkMode(token, 'security'),
      service.call('PUT', '/auth/password', {
        token,
        body: { currentPassword: admin.password, newPassword: GOOD_PASSWORD },
      }),
      service.call('POST', `/auth/users/${colleague.userId}/role`, {
        token,
        body: { role: 'admin' },
      }),
    ];
    for (const answer of await Promise.all(calls)) {
      expect([answer.status, answer.error.code]).toEqual([401, 'STEP_UP_REQUIRED']);
      expect(answer.error.details).toEqual({
        maxAgeMinutes: 15,
        factor: false,
        methods: ['password'],
      });
      expect(answer.headers['www-authenticate']).toContain(
        'error="insufficient_user_authentication"',
      );
    }
    expect((await requireDarkMode(token, 'theme')).status).toBe(200);
    const role = { token, body: { role: 'manager' } };
    const raised = await service.call('POST', `/auth/users/${colleague.userId}/role`, role);
    expect(raised.status).toBe(200);

    const renewed = await stepUp(token, { password: admin.password });
    expect(renewed.status, renewed.text).toBe(200);
    expect((await requireDarkMode(renewed.data.accessToken, 'security')).status).toBe(200);
    // A token from before the step-up is not refreshed by it: it may have been stolen.
    expect((await requireDarkMode(token, 'security')).error.code).toBe('STEP_UP_REQUIRED');
  });
});

describe('A step-up', () => {
  it('keeps the session and rotates its tokens', async () => {
    const { join } = await workspaceOf(service);
    const member = await join('user');
    const old = await grownOld(member);
    const { data } = await stepUp(old.accessToken, { password: member.password });
    const [before, after] = [claimsOf(old.accessToken), claimsOf(data.accessToken)];
    expect(after['session_id']).toBe(before['session_id']);
    expect(Number(after['auth_time']) - Number(before['auth_time'])).toBeGreaterThan(900);
    const refreshed = await service.refresh(data.refreshToken);
    expect(claimsOf(refreshed.data.accessToken)['auth_time']).toBe(after['auth_time']);
    // Two rotations back: the replay of a spent token.
    expect((await service.refresh(old.refreshToken)).error.code).toBe('TOKEN_REVOKED');
  });

  it('needs the factor of a user who has one, and does not tell whether the password is right', async () => {
    const { join } = await workspaceOf(service);
    const member = await join('user');
    await enroll(service, member);
    for (const password of [member.password, 'wrong wrong wrong']) {
      const refused = await stepUp(member.token, { password });
      expect([refused.error.code, refused.error.details]).toEqual([
        'STEP_UP_REQUIRED',
        { maxAgeMinutes: null, factor: true, methods: ['totp', 'recoveryCode'] },
      ]);
    }
    expect((await stepUp(member.token, { totp: WRONG_CODE })).error.code).toBe(
      'INVALID_CREDENTIALS',
    );
    const { data } = await stepUp(member.token, { totp: RIGHT_CODE });
    expect(claimsOf(data.accessToken)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' });
  });

  it('does not happen with a session alone: wrong passwords lock the account', async () => {
    const { join } = await workspaceOf(service);
    const member = await join('user');
    for (let tries = 0; tries < 6; tries += 1)
      expect((await stepUp(member.token, { password: 'wrong wrong wrong' })).error.code).toBe(
        'INVALID_CREDENTIALS',
      );
    const locked = await stepUp(member.token, { password: member.password });
    expect(locked.error.code).toBe('INVALID_CREDENTIALS');
  });

  it('renews the session of its token and no other, whatever the body names', async () => {
    const [ours, theirs] = [await workspaceOf(service), await workspaceOf(service)];
    const [victim, attacker] = [await ours.join('user'), await theirs.join('admin')];
    const { data } = await stepUp(attacker.token, { password: attacker.password });
    expect(claimsOf(data.accessToken)['session_id']).toBe(claimsOf(attacker.token)['session_id']);
    const named = { password: attacker.password, sessionId: claimsOf(victim.token)['session_id'] };
    expect((await stepUp(attacker.token, named)).error.code).toBe('VALIDATION_ERROR');
  });

  it('asks for exactly one proof', async () => {
    const { join } = await workspaceOf(service);
    const { token, password } = await join('user');
    for (const body of [{}, { password, totp: RIGHT_CODE }])
      expect((await stepUp(token, body)).error.code).toBe('VALIDATION_ERROR');
  });

  it('is recorded with its methods, and a refused one as a failure', async () => {
    const { join } = await workspaceOf(service);
    const admin = await join('admin');
    await stepUp(admin.token, { password: 'wrong wrong wrong' });
    const { data } = await stepUp(admin.token, { password: admin.password });
    const query = { type: 'session.stepped_up' };
    expect(await auditLogOn(service, data.accessToken, query)).toMatchObject([
      { result: 'success', details: { methods: 'pwd' } },
      { result: 'failure', details: { reason: 'INVALID_CREDENTIALS' } },
    ]);
  });

  it('makes one rotation after the other when it is sent 10 times at once', async () => {
    const { host, join } = await workspaceOf(service);
    const member = await join('user');
    await enroll(service, member);
    const { challengeToken } = await challengeOf(service, host, member);
    const { tokens } = (await answerChallenge(service, host, challengeToken)).data;
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => stepUp(tokens.accessToken, { totp: RIGHT_CODE })),
    );
    const done = answers.filter(({ status }) => status === 200).map(({ data }) => data);
    const ids = new Set(
      done.map(({ accessToken }) => claimsOf(accessToken)['jti'] ?? randomUUID()),
    );
    expect(ids.size).toBe(done.length);
    const [session] = await service.sql<{ generation: number }>(
      'SELECT generation FROM user_sessions WHERE id = $1',
      [claimsOf(tokens.accessToken)['session_id']],
    );
    expect(session?.generation).toBe(done.length);
  });
});
