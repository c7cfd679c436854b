import type { Role } from '@poc-tracker/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addTotp, stepUp, totpCode } from '../factors/factors.fixture.js';
import { ServiceFixture, type Tokens } from '../service.fixture.js';
import { claimsOf, type Member, workspaceOf } from '../users/users.fixture.js';
import { answerChallenge, challengeOf, cookieOf } from './second-factor.fixture.js';

/** The status of a session is at most this old in any process. Twice that leaves the machine of the test some time. */
const BOUND_MS = 200;

let service: ServiceFixture;
let other: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
  other = await service.restarted();
});

afterAll(async () => {
  await other?.app.close();
  await service?.stop();
});

type Security = { requireMFA?: boolean; mfaRoles?: Role[]; rememberDevices?: boolean };

async function secure(token: string, security: Security): Promise<void> {
  const answer = await service.call('PATCH', '/tenants/current/settings', {
    token,
    body: { security },
  });
  expect(answer.status, answer.text).toBe(200);
}

/** Any route that is not one of the few that stay open. */
const codeOn = async (instance: ServiceFixture, token: string): Promise<string> => {
  const answer = await instance.call('GET', '/auth/colleagues', { token });
  return answer.status === 200 ? 'accepted' : answer.error.code;
};

/** Calls an instance until it gives the answer. @returns how long that took, in milliseconds */
async function timeUntil(
  instance: ServiceFixture,
  token: string,
  expected: string,
): Promise<number> {
  const began = performance.now();
  for (;;) {
    const answered = performance.now();
    const code = await codeOn(instance, token);
    if (code === expected) return answered - began;
    if (answered - began > 5_000) throw new Error(`The answer is still ${code}.`);
  }
}

describe('A tenant that requires a second factor', () => {
  it('lets sessions without one only enroll, at once on every instance', async () => {
    const { join } = await workspaceOf(service);
    const theirs = await (await workspaceOf(service)).join('user');
    const [admin, user] = [await join('admin'), await join('user')];
    // Then the settings are changed below, and not inserted as in the other tests: each has its trigger.
    await secure(admin.token, { requireMFA: false });
    for (const instance of [service, other])
      expect(await codeOn(instance, user.token)).toBe('accepted');
    await secure(admin.token, { requireMFA: true });
    expect(await codeOn(service, user.token)).toBe('FACTOR_ENROLLMENT_REQUIRED');
    expect(await timeUntil(other, user.token, 'FACTOR_ENROLLMENT_REQUIRED')).toBeLessThan(BOUND_MS);
    expect(await codeOn(service, theirs.token)).toBe('accepted');
    for (const [method, path] of [
      ['GET', '/auth/me'],
      ['GET', '/auth/sessions'],
    ] as const)
      expect([path, (await service.call(method, path, { token: user.token })).status]).toEqual([
        path,
        200,
      ]);
    expect((await service.call('GET', '/auth/users', { token: admin.token })).error.code).toBe(
      'FACTOR_ENROLLMENT_REQUIRED',
    );
  });

  it('lets a user go on in the same session after they have enrolled', async () => {
    const { join } = await workspaceOf(service);
    const [admin, user] = [await join('admin'), await join('user')];
    await secure(admin.token, { requireMFA: true });
    await addTotp(service, user.token);
    expect(await codeOn(service, user.token)).toBe('accepted');
    const refreshed = await service.refresh(user.refreshToken);
    expect(claimsOf(refreshed.data.accessToken)).toMatchObject({
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'aal2',
    });
  });

  it('asks the other sessions of a user who has a factor for it', async () => {
    const { host, join } = await workspaceOf(service);
    const [admin, user] = [await join('admin'), await join('user')];
    const elsewhere = await service.login(host, user);
    const { secret } = await addTotp(service, user.token);
    const { accessToken: token } = elsewhere.tokens;
    expect(await codeOn(other, token)).toBe('accepted');
    await secure(admin.token, { requireMFA: true });
    expect(await timeUntil(other, token, 'STEP_UP_REQUIRED')).toBeLessThan(BOUND_MS);
    const answer = await service.call<Tokens>('POST', '/auth/step-up', {
      token,
      body: { totp: totpCode(secret) },
    });
    expect(answer.status, answer.text).toBe(200);
    expect(await codeOn(service, answer.data.accessToken)).toBe('accepted');
    expect(await timeUntil(other, token, 'accepted')).toBeLessThan(BOUND_MS);
  });

  it('requires it of the named roles only, also after a change of the role', async () => {
    const { join } = await workspaceOf(service);
    const [admin, user] = [await join('admin'), await join('user')];
    await secure(admin.token, { requireMFA: true, mfaRoles: ['manager'] });
    expect(await codeOn(service, user.token)).toBe('accepted');
    const promoted = await service.call('POST', `/auth/users/${user.userId}/role`, {
      token: admin.token,
      body: { role: 'manager' },
    });
    expect(promoted.status, promoted.text).toBe(200);
    expect(await codeOn(service, user.token)).toBe('FACTOR_ENROLLMENT_REQUIRED');
    expect(await timeUntil(other, user.token, 'FACTOR_ENROLLMENT_REQUIRED')).toBeLessThan(BOUND_MS);
  });

  it('keeps the last factor of the named roles only', async () => {
    const { join } = await workspaceOf(service);
    const [admin, user, manager] = [await join('admin'), await join('user'), await join('manager')];
    await secure(admin.token, { requireMFA: true, mfaRoles: ['manager'] });
    const removeLast = async (member: Member) => {
      const { factor } = await addTotp(service, member.token);
      const token = await stepUp(service, member);
      return service.call('DELETE', `/auth/factors/${factor.id}`, { token });
    };
    expect((await removeLast(user)).status).toBe(200);
    expect((await removeLast(manager)).error.code).toBe('LAST_FACTOR');
  });

  it('opens a session for a user without a factor, who can enroll in it and nothing else', async () => {
    const { host, join } = await workspaceOf(service);
    const [admin, user] = [await join('admin'), await join('user')];
    await secure(admin.token, { requireMFA: true });
    const { tokens } = await service.login(host, user);
    expect(await codeOn(service, tokens.accessToken)).toBe('FACTOR_ENROLLMENT_REQUIRED');
    expect((await service.refresh(tokens.refreshToken)).status).toBe(200);
  });
});

describe('A remembered device', () => {
  async function remembered() {
    const workspace = await workspaceOf(service);
    const [admin, user] = [await workspace.join('admin'), await workspace.join('user')];
    await secure(admin.token, { rememberDevices: true });
    const { secret, factor } = await addTotp(service, user.token);
    const { challengeToken } = await challengeOf(service, workspace.host, user);
    const first = await answerChallenge(service, workspace.host, challengeToken, {
      totp: totpCode(secret),
      rememberDevice: true,
    });
    expect(first.status, first.text).toBe(200);
    const { host } = workspace;
    const logIn = (headers = cookieOf(first), password = user.password) =>
      service.call<{ tokens: Tokens }>('POST', '/auth/login', {
        host,
        body: { email: user.email, password },
        headers,
      });
    const { tokens } = first.data;
    return { admin, user: { ...user, token: tokens.accessToken }, factor, logIn };
  }

  it('is not asked for the factor, which its tokens tell', async () => {
    const { logIn } = await remembered();
    const answer = await logIn();
    expect(answer.status, answer.text).toBe(200);
    expect(claimsOf(answer.data.tokens.accessToken)).toMatchObject({
      amr: ['pwd', 'device'],
      acr: 'aal1',
    });
    expect((await logIn({})).error.code).toBe('SECOND_FACTOR_REQUIRED');
  });

  it('is enough where the tenant requires a factor, and not for sensitive changes', async () => {
    const { admin, user, logIn } = await remembered();
    await secure(admin.token, { requireMFA: true });
    const token = (await logIn()).data.tokens.accessToken;
    expect(await codeOn(service, token)).toBe('accepted');
    const changed = await service.call('PUT', '/auth/password', {
      token,
      body: { currentPassword: user.password, newPassword: 'onze barcos voltam cedo' },
    });
    expect(changed.error.code).toBe('STEP_UP_REQUIRED');
  });

  it('is asked again once the tenant forbids remembered devices', async () => {
    const { admin, logIn } = await remembered();
    await secure(admin.token, { rememberDevices: false });
    expect((await logIn()).error.code).toBe('SECOND_FACTOR_REQUIRED');
  });

  it('is asked again after a new password', async () => {
    const { user, logIn } = await remembered();
    const newPassword = 'onze barcos voltam cedo';
    const changed = await service.call('PUT', '/auth/password', {
      token: user.token,
      body: { currentPassword: user.password, newPassword },
    });
    expect(changed.status, changed.text).toBe(200);
    expect((await logIn(undefined, newPassword)).error.code).toBe('SECOND_FACTOR_REQUIRED');
  });

  it('is asked again after another factor was added', async () => {
    const { user, logIn } = await remembered();
    await addTotp(service, user.token);
    expect((await logIn()).error.code).toBe('SECOND_FACTOR_REQUIRED');
  });

  it('is asked again after 30 days', async () => {
    const { user, logIn } = await remembered();
    await service.sql('UPDATE remembered_devices SET expires_at = now() WHERE user_id = $1', [
      user.userId,
    ]);
    expect((await logIn()).error.code).toBe('SECOND_FACTOR_REQUIRED');
  });
});
