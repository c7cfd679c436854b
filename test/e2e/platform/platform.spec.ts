import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import type { OperatorInvitation } from '../../../apps/auth-service/src/platform/operators/operator.service.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

const PLATFORM_HOST = 'platform.localhost';

interface Listed {
  items: { id: string; subdomain: string; planType: string; status: string }[];
  nextCursor: string | null;
}

let service: ServiceFixture;
let operator: Login;
let platformId: string;

beforeAll(async () => {
  service = await ServiceFixture.start({ TENANT_SIGNUP: 'closed' });
  operator = await makeOperator();
  const [platform] = await service.sql<{ id: string }>('SELECT id FROM tenants WHERE is_platform');
  platformId = platform?.id ?? '';
});

afterAll(async () => {
  await service.stop();
});

async function invite(email: string): Promise<OperatorInvitation> {
  const run = await cliOn(service.database)('operators', 'create', '--email', email, '--json');
  return run.json() as OperatorInvitation;
}

function activate(body: object): Promise<Answer<{ id: string }>> {
  return service.call('POST', '/platform/operators/activate', { body });
}

async function makeOperator(): Promise<Login> {
  const email = `${randomUUID()}@ops.example`;
  const { secret } = await invite(email);
  const answer = await activate({ email, secret, password: GOOD_PASSWORD });
  if (answer.status !== 200) throw new Error(answer.text);
  return service.login(PLATFORM_HOST, { email, password: GOOD_PASSWORD });
}

type Method = Parameters<ServiceFixture['call']>[0];

function asOperator<T = unknown>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
  return service.call<T>(method, `/platform${path}`, {
    token: operator.tokens.accessToken,
    ...(body !== undefined && { body }),
  });
}

/** What the tenant's own trail says that operators did, oldest first. */
async function trailOf(tenantId: string): Promise<Record<string, unknown>[]> {
  return service.sql(
    'SELECT type, result, actor_id, actor_kind, details FROM security_events WHERE tenant_id = $1 ORDER BY id',
    [tenantId],
  );
}

const NOWHERE = randomUUID();

/** Every platform route that needs an operator. */
const ROUTES: [Method, string, object?][] = [
  ['GET', '/platform/tenants'],
  ['POST', '/platform/tenants', { name: 'X', subdomain: 'x-1', adminEmail: 'a@x.example' }],
  ['GET', `/platform/tenants/${NOWHERE}`],
  ['GET', `/platform/tenants/${NOWHERE}/usage`],
  ['PATCH', `/platform/tenants/${NOWHERE}/plan`, { plan: 'pro' }],
  ...['suspend', 'reactivate', 'cancel', 'restore'].map((move): [Method, string, object] => [
    'POST',
    `/platform/tenants/${NOWHERE}/${move}`,
    { reason: 'because' },
  ]),
  [
    'POST',
    `/platform/tenants/${NOWHERE}/purge`,
    { reason: 'because', confirmSubdomain: 'nowhere' },
  ],
];

describe('becoming an operator', () => {
  it('takes the secret of the command line, once, and a password that the policy accepts', async () => {
    const email = 'Once@Ops.example';
    const { secret } = await invite(email);
    const weak = await activate({ email, secret, password: 'password1' });
    expect([weak.status, weak.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const attempts = await Promise.all(
      Array.from({ length: 8 }, () => activate({ email, secret, password: GOOD_PASSWORD })),
    );
    expect(attempts.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array<number>(7).fill(400),
    ]);
    const login = await service.login(PLATFORM_HOST, { email, password: GOOD_PASSWORD });
    expect(login.user).toMatchObject({ role: 'admin', email: 'once@ops.example' });
    expect((await activate({ email, secret, password: GOOD_PASSWORD })).error.code).toBe(
      'INVALID_INVITE',
    );
  });

  it('hashes no password for whoever has no secret', async () => {
    const body = { email: 'x@ops.example', secret: 'wrong', password: 'short' };
    const answer = await activate(body);
    expect([answer.status, answer.error.code]).toEqual([400, 'INVALID_INVITE']);
  });

  it('has no other road: registration', async () => {
    for (const call of [
      { host: PLATFORM_HOST },
      { headers: { 'x-tenant-id': platformId } },
      { query: { tenant_id: platformId } },
    ]) {
      const answer = await service.call('POST', '/auth/register', {
        ...call,
        body: {
          email: `${randomUUID()}@evil.example`,
          password: GOOD_PASSWORD,
          firstName: 'Eva',
          lastName: 'Lima',
        },
      });
      expect([answer.status, answer.error.code]).toEqual([403, 'REGISTRATION_REFUSED']);
    }
  });

  it('has no other road: an invitation inside the platform’s tenant, to a person or by a link', async () => {
    const token = operator.tokens.accessToken;
    const email = `${randomUUID()}@evil.example`;
    const role = 'admin';
    const invitations = [
      await service.call<{ token: string }>('POST', '/auth/invitations', {
        token,
        body: { email, role },
      }),
      await service.call<{ token: string }>('POST', '/auth/invitation-links', {
        token,
        body: { role: 'user', quota: 5 },
      }),
    ];
    for (const invitation of invitations) {
      expect(invitation.status).toBe(201);
      const answer = await service.call('POST', '/auth/register', {
        host: PLATFORM_HOST,
        body: {
          email,
          password: GOOD_PASSWORD,
          firstName: 'Eva',
          lastName: 'Lima',
          inviteToken: invitation.data.token,
        },
      });
      expect([answer.status, answer.error.code]).toEqual([403, 'REGISTRATION_REFUSED']);
    }
    expect(await service.sql('SELECT 1 FROM users WHERE email = $1', [email])).toEqual([]);
  });

  it('has no other road: an account that an operator makes, or one that was revoked and is woken', async () => {
    const token = operator.tokens.accessToken;
    const made = await service.call('POST', '/auth/users', {
      token,
      body: {
        email: `${randomUUID()}@evil.example`,
        firstName: 'Eva',
        lastName: 'Lima',
        role: 'admin',
      },
    });
    expect([made.status, made.error.code]).toEqual([403, 'REGISTRATION_REFUSED']);
    const revoked = await service.user(platformId, { role: 'admin', status: 'suspended' });
    const woken = await service.call('POST', `/auth/users/${revoked.userId}/reactivate`, { token });
    expect([woken.status, woken.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    await service.sql('DELETE FROM users WHERE id = $1', [revoked.userId]);
  });

  it('has no other road: a change of role by an operator, or an admin of another tenant', async () => {
    const suspended = await service.user(platformId, { role: 'user', status: 'active' });
    const own = await service.call('POST', `/auth/users/${suspended.userId}/role`, {
      token: operator.tokens.accessToken,
      body: { role: 'admin' },
    });
    expect([own.status, own.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    const { tenantId, host } = await service.tenant();
    const admin = await service.user(tenantId, { role: 'admin' });
    const { tokens } = await service.login(host, admin);
    const foreign = await service.call('POST', `/auth/users/${suspended.userId}/role`, {
      token: tokens.accessToken,
      body: { role: 'admin' },
    });
    expect(foreign.status).toBe(404);
    await service.sql('DELETE FROM users WHERE id = $1', [suspended.userId]);
  });

  it('has no other road: signing up under the platform’s name', async () => {
    const open = await ServiceFixture.start({ TENANT_SIGNUP: 'open' });
    try {
      for (const subdomain of ['platform', 'Platform']) {
        const answer = await open.call('POST', '/tenants', {
          body: {
            name: 'P',
            subdomain,
            adminEmail: 'a@evil.example',
            adminPassword: GOOD_PASSWORD,
          },
        });
        expect([answer.status, answer.error.code]).toEqual([400, 'VALIDATION_ERROR']);
      }
    } finally {
      await open.stop();
    }
  });
});

describe('operators', () => {
  it('are the only ones whom the platform’s routes answer', async () => {
    const { tenantId, host } = await service.tenant({ maxUsers: 20 });
    const people = await Promise.all(
      (['viewer', 'user', 'manager', 'admin'] as const).map(async (role) =>
        service.login(host, await service.user(tenantId, { role })),
      ),
    );
    for (const [method, path, body] of ROUTES) {
      const anonymous = await service.call(method, path, { body });
      expect([anonymous.status, anonymous.error.code]).toEqual([401, 'TOKEN_REQUIRED']);
      for (const { tokens } of people) {
        const refused = await service.call(method, path, { token: tokens.accessToken, body });
        expect([path, refused.status, refused.error.code]).toEqual([
          path,
          403,
          'INSUFFICIENT_PERMISSIONS',
        ]);
      }
    }
  });

  it('lose every right with a revocation, tokens that are out included', async () => {
    const email = `${randomUUID()}@ops.example`;
    const { secret } = await invite(email);
    await activate({ email, secret, password: GOOD_PASSWORD });
    const { tokens } = await service.login(PLATFORM_HOST, { email, password: GOOD_PASSWORD });
    const list = () => service.call('GET', '/platform/tenants', { token: tokens.accessToken });
    expect((await list()).status).toBe(200);
    expect((await cliOn(service.database)('operators', 'revoke', '--email', email)).code).toBe(0);
    await expect.poll(async () => (await list()).status, { timeout: 5_000 }).toBe(401);
    const again = await service.call('POST', '/auth/login', {
      host: PLATFORM_HOST,
      body: { email, password: GOOD_PASSWORD },
    });
    expect(again.status).toBe(401);
  });

  it('see of other tenants what the platform’s routes show, and nothing by any other route', async () => {
    const { tenantId, host } = await service.tenant();
    const admin = await service.user(tenantId, { role: 'admin' });
    const token = operator.tokens.accessToken;
    for (const call of [{ host }, { headers: { 'x-tenant-id': tenantId } }]) {
      const answer = await service.call('GET', '/auth/users', { token, ...call });
      expect(answer.text).not.toContain(admin.email);
    }
    const current = await service.call<{ subdomain: string }>('GET', '/tenants/current', { token });
    expect(current.data.subdomain).toBe('platform');
    const tenants = await asOperator<Listed>('GET', `/tenants/${tenantId}`);
    expect(tenants.text).not.toContain(admin.email);
  });
});

describe('the platform’s routes', () => {
  it('list tenants page by page, each once, and record each look in the tenant’s own trail', async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        service.tenant({ subdomain: `pages-${index}`, name: `Pages ${index}` }),
      ),
    );
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Answer<Listed> = await asOperator<Listed>(
        'GET',
        `/tenants?search=PAGES-&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(page.data.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.data.items.map(({ id }) => id));
      cursor = page.data.nextCursor;
    }
    expect(seen).toEqual(made.map(({ tenantId }) => tenantId).sort());
    for (const { tenantId } of made) {
      expect(await trailOf(tenantId)).toEqual([
        {
          type: 'operator.accessed',
          result: 'success',
          actor_id: operator.user.id,
          actor_kind: 'operator',
          details: { action: 'list' },
        },
      ]);
    }
  });

  it('filter by status, plan and how name or subdomain begins; wildcards are letters', async () => {
    const prefix = `f${randomUUID().slice(0, 8)}`;
    await service.tenant({ subdomain: `${prefix}-a`, planType: 'pro' });
    await service.tenant({ subdomain: `${prefix}-b`, planType: 'basic', status: 'suspended' });
    await service.tenant({ name: `${prefix.toUpperCase()} Ltda` });
    const subdomains = async (query: string) =>
      (await asOperator<Listed>('GET', `/tenants?${query}`)).data.items.map((row) => row.subdomain);
    expect(await subdomains(`search=${prefix}`)).toHaveLength(3);
    expect(await subdomains(`search=${prefix}&plan=pro`)).toEqual([`${prefix}-a`]);
    expect(await subdomains(`search=${prefix}&status=suspended`)).toEqual([`${prefix}-b`]);
    expect(await subdomains('search=%25')).toEqual([]);
    expect(await subdomains('search=_')).toEqual([]);
    const first = await asOperator<Listed>('GET', `/tenants?search=${prefix}&limit=1`);
    const elsewhere = `cursor=${first.data.nextCursor}&plan=pro`;
    const malformed = ['status=gone', 'plan=gold', 'limit=101', 'cursor=abc', 'colour=red'];
    for (const wrong of [...malformed, elsewhere]) {
      const answer = await asOperator('GET', `/tenants?${wrong}`);
      expect([wrong, answer.status, answer.error.code]).toEqual([wrong, 400, 'VALIDATION_ERROR']);
    }
  });

  it('make a tenant while sign-up is closed, whose admin must change the password', async () => {
    const subdomain = `t-${randomUUID().slice(0, 8)}`;
    const input = {
      name: 'Initech',
      subdomain,
      adminEmail: 'Boss@initech.example',
      planType: 'pro',
    };
    const closed = await service.call('POST', '/tenants', {
      body: { ...input, adminPassword: GOOD_PASSWORD },
    });
    expect(closed.error.code).toBe('SIGNUP_CLOSED');
    const made = await asOperator<{ tenant: { id: string }; temporaryPassword: string }>(
      'POST',
      '/tenants',
      input,
    );
    expect(made.status).toBe(201);
    expect(made.data).toMatchObject({
      tenant: { subdomain, planType: 'pro', status: 'active', usage: { users: { used: 1 } } },
      adminEmail: 'boss@initech.example',
    });
    const { id } = made.data.tenant;
    expect((await trailOf(id)).map(({ type }) => type)).toEqual(['tenant.created']);
    expect(JSON.stringify(await trailOf(id))).not.toContain(made.data.temporaryPassword);
    const login = await service.call('POST', '/auth/login', {
      host: `${subdomain}.localhost`,
      body: { email: 'boss@initech.example', password: made.data.temporaryPassword },
    });
    expect([login.status, login.error.code]).toEqual([403, 'PASSWORD_CHANGE_REQUIRED']);
    expect((await asOperator('POST', '/tenants', input)).error.code).toBe('TENANT_EXISTS');
  });

  it('change plan, features and limits, and say what is exceeded', async () => {
    const { tenantId } = await service.tenant();
    await service.user(tenantId, { role: 'admin' });
    await service.user(tenantId);
    const changed = await asOperator<{ plan: string; exceeded: object[] }>(
      'PATCH',
      `/tenants/${tenantId}/plan`,
      { plan: 'pro', limits: { maxUsers: 1 } },
    );
    expect(changed.data).toMatchObject({
      plan: 'pro',
      exceeded: [{ limit: 'maxUsers', used: 2, allowed: 1 }],
    });
    expect(await trailOf(tenantId)).toContainEqual(
      expect.objectContaining({
        type: 'tenant.plan_changed',
        actor_kind: 'operator',
        details: { plan: 'pro', limits: { maxUsers: 1 } },
      }),
    );
    for (const [body, field] of [
      [{ plan: 'gold' }, 'plan'],
      [{ limits: { maxUsers: -1 } }, 'limits.maxUsers'],
      [{ features: { gold: true } }, 'features.gold'],
    ] as const) {
      const answer = await asOperator('PATCH', `/tenants/${tenantId}/plan`, body);
      expect([answer.status, JSON.stringify(answer.error.details)]).toEqual([
        400,
        expect.stringContaining(field),
      ]);
    }
  });

  it('suspend, reactivate, cancel and restore, with a reason that the tenant can read', async () => {
    const { tenantId, host } = await service.tenant();
    const admin = await service.user(tenantId, { role: 'admin' });
    const { tokens } = await service.login(host, admin);
    const probe = () => service.probe(tokens.accessToken);
    const move = (name: string, reason = 'unpaid') =>
      asOperator<{ status: string; statusReason: string }>('POST', `/tenants/${tenantId}/${name}`, {
        reason,
      });
    expect((await move('reactivate')).error.code).toBe('INVALID_TRANSITION');
    expect((await move('suspend', ' ')).error.code).toBe('VALIDATION_ERROR');
    expect((await move('suspend')).data).toMatchObject({
      status: 'suspended',
      statusReason: 'unpaid',
    });
    await expect.poll(probe, { timeout: 5_000 }).not.toBe('accepted');
    expect((await move('reactivate')).data.status).toBe('active');
    await expect.poll(probe, { timeout: 5_000 }).toBe('accepted');
    expect((await move('cancel')).data.status).toBe('canceled');
    expect((await move('suspend')).error.code).toBe('INVALID_TRANSITION');
    expect((await move('restore')).data.status).toBe('active');
    const trail = await trailOf(tenantId);
    for (const type of [
      'tenant.suspended',
      'tenant.reactivated',
      'tenant.canceled',
      'tenant.restored',
    ])
      expect(trail).toContainEqual(
        expect.objectContaining({
          type,
          actor_id: operator.user.id,
          actor_kind: 'operator',
          details: expect.objectContaining({ reason: 'unpaid' }),
        }),
      );
  });

  it('record what was refused as well, with what it told of the tenant, and leave nothing of nobody', async () => {
    const { tenantId } = await service.tenant();
    const body = { reason: 'curious' };
    expect((await asOperator('POST', `/tenants/${tenantId}/restore`, body)).status).toBe(409);
    expect(await trailOf(tenantId)).toEqual([
      {
        type: 'operator.accessed',
        result: 'failure',
        actor_id: operator.user.id,
        actor_kind: 'operator',
        details: { action: 'restore', reason: 'curious', code: 'INVALID_TRANSITION' },
      },
    ]);
    await asOperator('POST', `/tenants/${NOWHERE}/restore`, body);
    expect(await trailOf(NOWHERE)).toEqual([]);
  });

  it('take no line break into a reason, which would forge a line of a log', async () => {
    const { tenantId } = await service.tenant();
    for (const reason of ['a\r\nb', 'a\nb', 'a\u0085b', 'a\0b']) {
      const answer = await asOperator('POST', `/tenants/${tenantId}/suspend`, { reason });
      expect([answer.status, answer.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    }
    expect(await trailOf(tenantId)).toEqual([]);
  });

  it('purge what is canceled and named twice, and nothing else', async () => {
    const { tenantId, subdomain } = await service.tenant();
    await service.user(tenantId, { role: 'admin' });
    const purge = (confirmSubdomain: string) =>
      asOperator('POST', `/tenants/${tenantId}/purge`, { reason: 'asked for', confirmSubdomain });
    expect((await purge(subdomain)).error.code).toBe('INVALID_TRANSITION');
    await asOperator('POST', `/tenants/${tenantId}/cancel`, { reason: 'asked for' });
    const wrong = await purge('other');
    expect([wrong.status, JSON.stringify(wrong.error.details)]).toEqual([
      400,
      expect.stringContaining('confirmSubdomain'),
    ]);
    expect((await purge(subdomain)).status).toBe(202);
    await expect
      .poll(() => service.sql('SELECT 1 FROM tenants WHERE id = $1', [tenantId]), {
        timeout: 10_000,
      })
      .toEqual([]);
    expect((await asOperator('GET', `/tenants/${tenantId}`)).status).toBe(404);
    expect(await service.sql('SELECT 1 FROM users WHERE tenant_id = $1', [tenantId])).toEqual([]);
  });

  it('answer 404 for a tenant that is not there, and 400 for what is no id', async () => {
    for (const [method, path, body] of ROUTES.filter(([, path]) => path.includes(NOWHERE))) {
      const answer = await service.call(method, path, {
        token: operator.tokens.accessToken,
        body,
      });
      expect([path, answer.status, answer.error.code]).toEqual([path, 404, 'NOT_FOUND']);
      const malformed = await service.call(method, path.replace(NOWHERE, 'me'), {
        token: operator.tokens.accessToken,
        body,
      });
      expect([path, malformed.status]).toEqual([path, 400]);
    }
  });

  it('cannot end the platform’s own tenant', async () => {
    for (const move of ['suspend', 'cancel']) {
      const answer = await asOperator('POST', `/tenants/${platformId}/${move}`, { reason: 'oops' });
      expect([answer.status, answer.error.code]).toEqual([409, 'INVALID_TRANSITION']);
    }
    const own = await service.call('POST', '/tenants/current/cancel', {
      token: operator.tokens.accessToken,
      body: { reason: 'oops', confirmSubdomain: 'platform' },
    });
    expect([own.status, own.error.code]).toEqual([409, 'INVALID_TRANSITION']);
  });

  it('show nothing when the look cannot be recorded', async () => {
    const { tenantId } = await service.tenant();
    await service.sql(`
      CREATE FUNCTION refuse_event() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse_event BEFORE INSERT ON security_events
        FOR EACH ROW WHEN (NEW.tenant_id = '${tenantId}') EXECUTE FUNCTION refuse_event()`);
    try {
      const answer = await asOperator('GET', `/tenants/${tenantId}`);
      expect(answer.status).toBe(500);
      const suspended = await asOperator('POST', `/tenants/${tenantId}/suspend`, { reason: 'x' });
      expect(suspended.status).toBe(500);
      const rows = await service.sql('SELECT status FROM tenants WHERE id = $1', [tenantId]);
      expect(rows).toEqual([{ status: 'active' }]);
    } finally {
      await service.sql('DROP FUNCTION refuse_event CASCADE');
    }
  });
});
