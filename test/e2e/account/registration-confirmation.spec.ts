import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OneTimeTokenPruning } from '../../../apps/auth-service/src/auth/one-time-tokens/one-time-token.pruning.js';
import { GOOD_PASSWORD, type Login } from '../service.fixture.js';
import { bare } from '../users/users.fixture.js';
import { type AccountScene, accountScene, tokenIn } from './account.fixture.js';

let scene: AccountScene;

beforeAll(async () => {
  scene = await accountScene();
});

afterAll(() => scene?.service.stop());

const INVALID = { status: 400, error: { code: 'INVALID_LINK' } };

const address = (domain = 'example.com') => `${randomUUID()}@${domain}`;

interface Settings {
  confirmation?: string;
  mode?: string;
  domains?: string[];
}

async function tenantWith(registration: Settings, maxUsers = 100) {
  const tenant = await scene.service.tenant({ maxUsers });
  const admin = await scene.service.user(tenant.tenantId, { role: 'admin' });
  const { accessToken: token } = (await scene.service.login(tenant.host, admin)).tokens;
  const body = { registration };
  const answer = await scene.service.call('PATCH', '/tenants/current/settings', { token, body });
  expect(answer.status).toBe(200);
  return { ...tenant, admin, token };
}

const register = (host: string, email: string, password = GOOD_PASSWORD, more = {}) =>
  scene.post(
    '/auth/register',
    { email, password, firstName: 'Rui', lastName: 'Lima', ...more },
    host,
  );

const confirm = (host: string, token: string, password = GOOD_PASSWORD) =>
  scene.service.call<Login>('POST', '/auth/register/confirm', { host, body: { token, password } });

const linkTo = async (email: string, count = 1) =>
  tokenIn(await scene.mails.next('verify_email', email, count));

describe('A registration that has to be confirmed', () => {
  it('is no user until the link and the password confirm it', async () => {
    const { host, token: adminToken } = await tenantWith({ confirmation: 'email' });
    const email = address();
    const pending = await register(host, email);
    expect(pending).toMatchObject({ status: 202, data: { confirmation: 'email' } });
    expect(pending.headers['set-cookie']).toBeUndefined();
    const logIn = () => scene.post('/auth/login', { email, password: GOOD_PASSWORD }, host);
    const unknown = { email: address(), password: GOOD_PASSWORD };
    expect(bare(await logIn())).toEqual(bare(await scene.post('/auth/login', unknown, host)));
    const list = await scene.service.call('GET', '/auth/users', { token: adminToken });
    expect(list.text).not.toContain(email);
    const answer = await confirm(host, await linkTo(email));
    expect(answer.status).toBe(201);
    expect(answer.data.user).toMatchObject({ email, emailVerified: true, role: 'user' });
    expect(await scene.service.probe(answer.data.tokens.accessToken)).toBe('accepted');
    expect(answer.headers['set-cookie']).toBeDefined();
    expect((await logIn()).status).toBe(200);
  });

  it('is not confirmed by an owner of the address who did not register', async () => {
    const { host } = await tenantWith({ confirmation: 'email' });
    const email = address();
    await register(host, email, GOOD_PASSWORD);
    const token = await linkTo(email);
    const other = await confirm(host, token, 'a password of the owner');
    expect(other).toMatchObject({ status: 401, error: { code: 'INVALID_CREDENTIALS' } });
    expect((await confirm(host, token)).status).toBe(201);
  });

  it('is confirmed once, also by 20 requests at once, and in its tenant alone', async () => {
    const { host } = await tenantWith({ confirmation: 'email' });
    const elsewhere = await tenantWith({ confirmation: 'email' });
    const email = address();
    await register(host, email);
    const token = await linkTo(email);
    expect(await confirm(elsewhere.host, token)).toMatchObject(INVALID);
    expect(await confirm(host, token.slice(0, -1))).toMatchObject(INVALID);
    const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(host, token)));
    expect(answers.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(1);
    expect(await confirm(host, token)).toMatchObject(INVALID);
  });

  it('answers alike for a known address, whose owner is told', async () => {
    const { host, tenantId } = await tenantWith({ confirmation: 'email' });
    const known = await scene.service.user(tenantId);
    const email = address();
    const [one, other] = [await register(host, known.email), await register(host, email)];
    expect(bare(one)).toEqual(bare(other));
    expect(one.text).toBe(other.text);
    await scene.mails.next('known_address', known.email);
    expect(scene.mails.kindsTo(known.email)).toEqual(['known_address']);
    expect((await scene.service.login(host, known)).user.email).toBe(known.email);
  });

  it('does not disturb another registration of the address, and loses to the first confirmed one', async () => {
    const { host } = await tenantWith({ confirmation: 'email' });
    const email = address();
    await register(host, email, GOOD_PASSWORD);
    const mine = await linkTo(email);
    await register(host, email, 'nove baleias cantam cedo');
    const theirs = await linkTo(email, 2);
    expect((await confirm(host, mine)).status).toBe(201);
    expect(await confirm(host, theirs, 'nove baleias cantam cedo')).toMatchObject(INVALID);
  });

  it('takes its seat when it is confirmed, exactly', async () => {
    const { host } = await tenantWith({ confirmation: 'email' }, 3);
    const emails = Array.from({ length: 5 }, () => address());
    for (const email of emails) expect((await register(host, email)).status).toBe(202);
    const tokens = await Promise.all(emails.map((email) => linkTo(email)));
    const answers = await Promise.all(tokens.map((token) => confirm(host, token)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(answers.filter(({ error }) => error.code === 'USER_LIMIT_EXCEEDED')).toHaveLength(3);
    expect(await register(host, address())).toMatchObject({
      error: { code: 'USER_LIMIT_EXCEEDED' },
    });
  });

  it('expires after 7 days', async () => {
    const { service } = scene;
    const { host, tenantId } = await tenantWith({ confirmation: 'email' });
    const email = address();
    await register(host, email);
    const token = await linkTo(email);
    await service.sql(
      `UPDATE pending_registrations SET expires_at = expires_at - interval '7 days' WHERE tenant_id = $1`,
      [tenantId],
    );
    expect(await confirm(host, token)).toMatchObject(INVALID);
    await service.app.get(OneTimeTokenPruning, { strict: false }).prune();
    const left = 'SELECT FROM pending_registrations WHERE tenant_id = $1';
    expect(await service.sql(left, [tenantId])).toEqual([]);
  });

  it('uses up its invitation when it is confirmed', async () => {
    const { host, token: adminToken } = await tenantWith({
      confirmation: 'email',
      mode: 'invited',
    });
    const email = address();
    const invite = { token: adminToken, body: { email, role: 'manager' } };
    const sent = await scene.service.call<{ token: string }>('POST', '/auth/invitations', invite);
    const inviteToken = sent.data.token;
    expect((await register(host, email, GOOD_PASSWORD, { inviteToken })).status).toBe(202);
    const answer = await confirm(host, await linkTo(email));
    expect(answer.data.user).toMatchObject({ email, role: 'manager' });
  });

  it('keeps no password or name in the audit log before it is confirmed', async () => {
    const { host, tenantId } = await tenantWith({ confirmation: 'email' });
    const email = address();
    await register(host, email);
    await linkTo(email);
    const rows = await scene.service.sql<{ entry: string }>(
      'SELECT to_jsonb(a)::text AS entry FROM audit_log a WHERE tenant_id = $1',
      [tenantId],
    );
    expect(rows.some(({ entry }) => entry.includes(email))).toBe(false);
  });
});

describe('Registration by the domain of the address', () => {
  it('needs a proved address of one of the domains', async () => {
    const { host } = await tenantWith({ mode: 'domains', domains: ['proven.example'] });
    const email = address('proven.example');
    expect((await register(host, email)).status).toBe(202);
    for (const domain of ['other.example', 'sub.proven.example', 'proven.example.evil.example'])
      expect(await register(host, address(domain))).toMatchObject({
        status: 403,
        error: { code: 'REGISTRATION_REFUSED' },
      });
    await expect(scene.service.login(host, { email, password: GOOD_PASSWORD })).rejects.toThrow(
      '401',
    );
    expect((await confirm(host, await linkTo(email))).status).toBe(201);
  });

  it('is refused at the confirmation if the domain was removed meanwhile', async () => {
    const tenant = await tenantWith({ mode: 'domains', domains: ['proven.example'] });
    const email = address('proven.example');
    await register(tenant.host, email);
    const token = await linkTo(email);
    const body = { registration: { domains: [] } };
    await scene.service.call('PATCH', '/tenants/current/settings', { token: tenant.token, body });
    expect(await confirm(tenant.host, token)).toMatchObject({
      error: { code: 'REGISTRATION_REFUSED' },
    });
  });

  it('holds for invitation links, which prove no address; an invitation to the address is enough', async () => {
    const { host, token } = await tenantWith({ mode: 'domains', domains: [] });
    const link = await scene.service.call<{ token: string }>('POST', '/auth/invitation-links', {
      token,
      body: { role: 'user', quota: 2, allowedDomains: ['proven.example'] },
    });
    const email = address('proven.example');
    const byLink = { inviteToken: link.data.token };
    expect((await register(host, email, GOOD_PASSWORD, byLink)).status).toBe(202);
    const invited = address();
    const sent = await scene.service.call<{ token: string }>('POST', '/auth/invitations', {
      token,
      body: { email: invited, role: 'user' },
    });
    const byInvitation = { inviteToken: sent.data.token };
    expect((await register(host, invited, GOOD_PASSWORD, byInvitation)).status).toBe(201);
  });

  it.each([['Proven.example'], ['no domain'], ['localhost'], [5], ['a.example', 'a.example']])(
    'cannot be set to %j',
    async (...domains) => {
      const { token } = await tenantWith({ mode: 'open' });
      const body = { registration: { domains } };
      const answer = await scene.service.call('PATCH', '/tenants/current/settings', {
        token,
        body,
      });
      expect(answer.error).toMatchObject({
        code: 'VALIDATION_ERROR',
        details: [{ field: 'registration.domains' }],
      });
    },
  );
});
