import { randomUUID } from 'node:crypto';
import type { SeededUser } from '@poc-tracker/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bare } from '../users/users.fixture.js';
import { type AccountScene, accountScene, tokenIn } from './account.fixture.js';

let scene: AccountScene;

const enable = (tenantId: string, login: object) =>
  scene.service.sql(
    `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value, chosen)
     VALUES ($1, 'login', $2, ARRAY(SELECT jsonb_object_keys($2::jsonb)))`,
    [tenantId, JSON.stringify(login)],
  );

beforeAll(async () => {
  scene = await accountScene();
  for (const { tenantId } of [scene.tenant, scene.hostile])
    await enable(tenantId, { magicLink: true, emailCode: true });
});

afterAll(() => scene?.service.stop());

const INVALID_LINK = { status: 400, error: { code: 'INVALID_LINK' } };
const INVALID_CODE = { status: 401, error: { code: 'INVALID_CODE' } };

const cookieOf = (headers: Record<string, unknown>) =>
  [headers['set-cookie']]
    .flat()
    .map((cookie) => String(cookie).split(';')[0])
    .join('; ');

/** Asks for a link, and returns its token with the cookie of the browser. */
async function linkOf({ email }: { email: string }, count = 1) {
  const { headers } = await scene.post('/auth/magic-link', { email });
  const token = tokenIn(await scene.mails.next('magic_link', email, count));
  return { token, cookie: cookieOf(headers) };
}

const open = (token: string, { cookie = '', confirm = false, host = scene.tenant.host } = {}) =>
  scene.post('/auth/magic-link/login', { token, ...(confirm && { confirm }) }, host, {
    ...(cookie !== '' && { cookie }),
  });

async function codeOf({ email }: { email: string }, count = 1) {
  await scene.post('/auth/code', { email });
  return (await scene.mails.next('login_code', email, count)).values.code;
}

const enter = ({ email }: { email: string }, code: string, host = scene.tenant.host) =>
  scene.post('/auth/code/login', { email, code }, host);

const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

const setStatus = ({ userId }: SeededUser, status: string) =>
  scene.service.sql('UPDATE users SET status = $2 WHERE id = $1', [userId, status]);

const methodsOf = ({ userId }: SeededUser) =>
  scene.service.sql<{ methods: string }>(
    `SELECT details ->> 'methods' AS methods FROM security_events
      WHERE target_id = $1 AND type = 'login.succeeded'`,
    [userId],
  );

describe('A link to log in', () => {
  it('opens a session once, in the browser that asked', async () => {
    const member = await scene.user();
    const { token, cookie } = await linkOf(member);
    expect(cookie).toMatch(/^magic-link=[\w-]{43}$/);
    const answer = await open(token, { cookie });
    expect(answer).toMatchObject({ status: 200, data: { user: { email: member.email } } });
    expect(cookieOf(answer.headers)).toContain('device=');
    expect(await methodsOf(member)).toEqual([{ methods: 'email' }]);
    expect(await open(token, { cookie })).toMatchObject(INVALID_LINK);
  });

  it('asks for a confirmation in another browser, and is not used up by it', async () => {
    const member = await scene.user();
    const { token } = await linkOf(member);
    const { cookie: ofOther } = await linkOf(await scene.user());
    for (const cookie of ['', ofOther, 'magic-link=x'])
      expect(await open(token, { cookie })).toMatchObject({
        status: 409,
        error: { code: 'CONFIRMATION_REQUIRED' },
      });
    expect((await open(token, { confirm: true })).status).toBe(200);
  });

  it('of 20 uses at once opens one session', async () => {
    const { token, cookie } = await linkOf(await scene.user());
    const answers = await Promise.all(Array.from({ length: 20 }, () => open(token, { cookie })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('is of no use in another tenant, altered, cut off, or without its token', async () => {
    const { token, cookie } = await linkOf(await scene.user());
    const { host } = scene.hostile;
    expect(await open(token, { cookie, host, confirm: true })).toMatchObject(INVALID_LINK);
    for (const bad of [`A${token}`, token.slice(0, 40), '.', token.replace('pto1_', 'pto2_')])
      expect(await open(bad, { cookie, confirm: true })).toMatchObject(INVALID_LINK);
    expect((await open(token, { cookie })).status).toBe(200);
  });

  it('obeys the rules of a log-in: status and required change of the password', async () => {
    const [suspended, changing] = [await scene.user(), await scene.user()];
    const links = [await linkOf(suspended), await linkOf(changing)] as const;
    await setStatus(suspended, 'suspended');
    await scene.service.sql('UPDATE users SET must_change_password = true WHERE id = $1', [
      changing.userId,
    ]);
    expect(await open(links[0].token, links[0])).toMatchObject(INVALID_LINK);
    expect(await open(links[1].token, links[1])).toMatchObject({
      status: 403,
      error: { code: 'PASSWORD_CHANGE_REQUIRED' },
    });
  });

  it('is asked for with the same answer by every address', async () => {
    const [member, suspended] = [await scene.user(), await scene.user({ status: 'suspended' })];
    const foreign = await scene.service.user(scene.hostile.tenantId);
    const emails = [suspended.email, foreign.email, `${randomUUID()}@example.com`, member.email];
    const answers = [];
    for (const email of emails) answers.push(await scene.post('/auth/magic-link', { email }));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.every(({ headers }) => cookieOf(headers).startsWith('magic-link='))).toBe(true);
    await scene.mails.next('magic_link', member.email);
    expect(emails.slice(0, -1).flatMap((email) => scene.mails.to(email))).toEqual([]);
  });
});

describe('A code to log in', () => {
  it('opens a session once', async () => {
    const member = await scene.user();
    const code = await codeOf(member);
    expect(await enter(member, code)).toMatchObject({
      status: 200,
      data: { user: { email: member.email } },
    });
    expect(await methodsOf(member)).toEqual([{ methods: 'email' }]);
    expect(await enter(member, code)).toMatchObject(INVALID_CODE);
  });

  it('of 20 uses at once opens one session', async () => {
    const member = await scene.user();
    const code = await codeOf(member);
    const answers = await Promise.all(Array.from({ length: 20 }, () => enter(member, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('is invalid after 5 wrong ones, which count for the lock of the account', async () => {
    const { service, tenant, mails } = scene;
    const member = await scene.user();
    const code = await codeOf(member);
    for (let failure = 0; failure < 5; failure += 1)
      expect(await enter(member, wrong(code))).toMatchObject(INVALID_CODE);
    expect(await enter(member, code)).toMatchObject(INVALID_CODE);
    await expect(service.login(tenant.host, member)).rejects.toThrow('401');
    const told = await mails.next('account_locked', member.email);
    expect(told.values.until.getTime()).toBeGreaterThan(Date.now() + 14 * 60_000);
  });

  it('is not valid for another user or tenant, and expires after 10 minutes', async () => {
    const [member, other] = [await scene.user(), await scene.user()];
    const code = await codeOf(member);
    expect(await enter(other, code)).toMatchObject(INVALID_CODE);
    expect(await enter(member, code, scene.hostile.host)).toMatchObject(INVALID_CODE);
    await scene.service.sql(
      `UPDATE one_time_tokens SET expires_at = expires_at - interval '10 minutes' WHERE user_id = $1`,
      [member.userId],
    );
    expect(await enter(member, code)).toMatchObject(INVALID_CODE);
  });

  it('is refused alike for a known, an unknown and a suspended account', async () => {
    const [known, suspended] = [await scene.user(), await scene.user()];
    const code = await codeOf(suspended);
    await setStatus(suspended, 'suspended');
    const answers = [
      await enter(known, wrong(code)),
      await enter({ email: `${randomUUID()}@example.com` }, code),
      await enter(suspended, code),
    ].map(bare);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it('is stored so that its plain hash does not find it', async () => {
    const member = await scene.user();
    const code = await codeOf(member);
    const found = await scene.service.sql(
      `SELECT FROM one_time_tokens WHERE user_id = $1 AND token_hash IN (sha256($2::bytea), sha256($3::bytea))`,
      [member.userId, Buffer.from(code), Buffer.from(member.userId + code)],
    );
    expect(found).toEqual([]);
  });
});

describe('A way to log in without a password', () => {
  it('is refused while the tenant has not enabled it', async () => {
    const { host, tenantId } = await scene.service.tenant();
    const { email } = await scene.service.user(tenantId);
    for (const [path, body] of [
      ['/auth/magic-link', { email }],
      ['/auth/magic-link/login', { token: 'pto1_x' }],
      ['/auth/code', { email }],
      ['/auth/code/login', { email, code: '123456' }],
    ] as const)
      expect(await scene.post(path, body, host)).toMatchObject({
        status: 403,
        error: { code: 'LOGIN_METHOD_DISABLED' },
      });
  });
});
