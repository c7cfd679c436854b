import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Answer, GOOD_PASSWORD } from '../service.fixture.js';
import {
  asOperator,
  type Listed,
  NOWHERE,
  operator,
  platformId,
  ROUTES,
  service,
  usePlatform,
} from './platform.fixture.js';

usePlatform();

/** Returns the entries about operators in the audit log of a tenant, oldest first. */
async function auditLogOf(tenantId: string): Promise<Record<string, unknown>[]> {
  return service.sql(
    'SELECT type, result, actor_id, actor_kind, details FROM security_events WHERE tenant_id = $1 ORDER BY id',
    [tenantId],
  );
}

describe('The platform routes for tenants', () => {
  it('list tenants page by page, each once, and record each access in the audit log of the tenant', async () => {
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
      expect(await auditLogOf(tenantId)).toEqual([
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

  it('filter by status, plan and the beginning of name or subdomain, without wildcards', async () => {
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
    const malformed = ['status=gone', 'plan=gold', 'limit=101', 'cursor=abc', 'color=red'];
    for (const wrong of [...malformed, elsewhere]) {
      const answer = await asOperator('GET', `/tenants?${wrong}`);
      expect([wrong, answer.status, answer.error.code]).toEqual([wrong, 400, 'VALIDATION_ERROR']);
    }
  });

  it('create a tenant while sign-up is closed, whose admin must change the password', async () => {
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
      expiresAt: expect.stringMatching(/^2.*Z$/) as unknown,
    });
    const { id } = made.data.tenant;
    expect((await auditLogOf(id)).map(({ type }) => type)).toEqual(['tenant.created']);
    expect(JSON.stringify(await auditLogOf(id))).not.toContain(made.data.temporaryPassword);
    const login = await service.call('POST', '/auth/login', {
      host: `${subdomain}.localhost`,
      body: { email: 'boss@initech.example', password: made.data.temporaryPassword },
    });
    expect([login.status, login.error.code]).toEqual([403, 'PASSWORD_CHANGE_REQUIRED']);
    expect((await asOperator('POST', '/tenants', input)).error.code).toBe('TENANT_EXISTS');
  });

  it('change plan, features and limits and report exceeded limits', async () => {
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
    expect(await auditLogOf(tenantId)).toContainEqual(
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

  it('suspend, reactivate, cancel and restore a tenant with a reason that the tenant can read', async () => {
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
    const entries = await auditLogOf(tenantId);
    for (const type of [
      'tenant.suspended',
      'tenant.reactivated',
      'tenant.canceled',
      'tenant.restored',
    ])
      expect(entries).toContainEqual(
        expect.objectContaining({
          type,
          actor_id: operator.user.id,
          actor_kind: 'operator',
          details: expect.objectContaining({ reason: 'unpaid' }),
        }),
      );
  });

  it('record refused changes as well, and record nothing for an unknown tenant', async () => {
    const { tenantId } = await service.tenant();
    const body = { reason: 'curious' };
    expect((await asOperator('POST', `/tenants/${tenantId}/restore`, body)).status).toBe(409);
    expect(await auditLogOf(tenantId)).toEqual([
      {
        type: 'operator.accessed',
        result: 'failure',
        actor_id: operator.user.id,
        actor_kind: 'operator',
        details: { action: 'restore', reason: 'curious', code: 'INVALID_TRANSITION' },
      },
    ]);
    await asOperator('POST', `/tenants/${NOWHERE}/restore`, body);
    expect(await auditLogOf(NOWHERE)).toEqual([]);
  });

  it('refuse a line break in a reason, which would forge a log line', async () => {
    const { tenantId } = await service.tenant();
    for (const reason of ['a\r\nb', 'a\nb', 'a\u0085b', 'a\0b']) {
      const answer = await asOperator('POST', `/tenants/${tenantId}/suspend`, { reason });
      expect([answer.status, answer.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    }
    expect(await auditLogOf(tenantId)).toEqual([]);
  });

  it('purge only a canceled tenant whose subdomain was confirmed', async () => {
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

  it('answer 404 for an unknown tenant and 400 for a malformed id', async () => {
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

  it('refuse to suspend or cancel the platform tenant', async () => {
    for (const move of ['suspend', 'cancel']) {
      const answer = await asOperator('POST', `/tenants/${platformId}/${move}`, { reason: 'oops' });
      expect([answer.status, answer.error.code]).toEqual([409, 'INVALID_TRANSITION']);
    }
    const own = await service.call('POST', '/tenants/current/cancel', {
      token: operator.tokens.accessToken,
      body: { reason: 'oops', confirmSubdomain: 'platform' },
    });
    expect([own.status, own.error.details]).toEqual([403, { reason: 'platform_tenant' }]);
  });

  it('return nothing when the access cannot be recorded', async () => {
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
