import { randomUUID } from 'node:crypto';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { SecurityEvents } from '../../../apps/auth-service/src/audit/security-events.js';
import { OperatorsTenantService } from '../../../apps/auth-service/src/platform/operators/operators-tenant.service.js';
import { TenantLifecycleJobs } from '../../../apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.jobs.js';
import { TenantLifecycleService } from '../../../apps/auth-service/src/tenant/lifecycle/tenant-lifecycle.service.js';
import {
  allowedTransitions,
  TENANT_TRANSITIONS,
  type TenantTransition,
} from '../../../apps/auth-service/src/tenant/lifecycle/tenant-transitions.js';
import { GOOD_PASSWORD, ServiceFixture } from '../service.fixture.js';
import { toApiError } from '../../../apps/auth-service/src/constraint-codes.js';

const DAY_MS = 86_400_000;
const STATES = ['active', 'suspended', 'canceled'] as const;
const TRANSITIONS = Object.keys(TENANT_TRANSITIONS) as TenantTransition[];

let service: ServiceFixture;
let lifecycle: TenantLifecycleService;
let jobs: TenantLifecycleJobs;
let platform: PlatformDatabase;

beforeAll(async () => {
  service = await ServiceFixture.start();
  await service.holdJob('suspend-ended-subscriptions');
  lifecycle = service.app.get(TenantLifecycleService, { strict: false });
  jobs = service.app.get(TenantLifecycleJobs, { strict: false });
  platform = service.app.get(PlatformDatabase, { strict: false });
});

afterAll(async () => {
  await service?.stop();
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function tenantWithAdmin(overrides: Parameters<ServiceFixture['tenant']>[0] = {}) {
  const tenant = await service.tenant(overrides);
  const admin = await service.user(tenant.tenantId, { role: 'admin' });
  return { ...tenant, admin };
}

/** Changes the status as an operator does, in a transaction of the operators' login. */
async function transition(tenantId: string, name: TenantTransition, reason = 'for the test') {
  const confirmSubdomain = (await rowOf(tenantId))?.subdomain ?? '';
  const change = { tenantId, operatorId: randomUUID(), reason };
  return platform.transaction({ tenantId, operatorId: change.operatorId }, (transaction) =>
    name === 'purge'
      ? lifecycle.beginPurge(transaction, { ...change, confirmSubdomain })
      : lifecycle.transition(transaction, name, change),
  );
}

async function rowOf(tenantId: string) {
  const [row] = await service.sql<{
    subdomain: string;
    status: string;
    status_reason: string | null;
    deleted_at: Date | null;
  }>('SELECT subdomain, status, status_reason, deleted_at FROM tenants WHERE id = $1', [tenantId]);
  return row;
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (toApiError(error) ?? (error as { code?: string })).code,
  );

/** Polls until a token gets this answer, because changes reach a process asynchronously. */
const eventually = (token: string, verdict: string) =>
  expect.poll(() => service.probe(token), { timeout: 5_000, interval: 20 }).toBe(verdict);

describe('The lifecycle of a tenant', () => {
  it.each(STATES.flatMap((state) => TRANSITIONS.map((name) => [name, state] as const)))(
    'allows or refuses to %s it while it is %s, alike in the service and in the database',
    async (name, state) => {
      const { tenantId } = await service.tenant({ status: state });
      const allowed = allowedTransitions(state).includes(name);
      const to = TENANT_TRANSITIONS[name].to;
      const sql =
        to === 'purged'
          ? ['DELETE FROM tenants WHERE id = $1', tenantId]
          : ['UPDATE tenants SET status = $2 WHERE id = $1', tenantId, to];
      const [text = '', ...params] = sql;
      if (to === 'purged') {
        // The row of a canceled tenant is not deleted by itself.
        expect(await codeOf(service.sql(text, params))).toBe('INVALID_TRANSITION');
      } else if (
        state !== to &&
        !allowedTransitions(state).some((other) => TENANT_TRANSITIONS[other].to === to)
      ) {
        expect(await codeOf(service.sql(text, params))).toBe('INVALID_TRANSITION');
      }
      expect(await codeOf(transition(tenantId, name))).toBe(
        allowed ? 'done' : 'INVALID_TRANSITION',
      );
      const row = await rowOf(tenantId);
      expect(row?.status).toBe(allowed && to !== 'purged' ? to : state);
      if (allowed && to !== 'purged') expect(row?.status_reason).toBe('for the test');
    },
  );

  it('answers NOT_FOUND for an unknown tenant', async () => {
    for (const name of TRANSITIONS)
      expect(await codeOf(transition(randomUUID(), name))).toBe('NOT_FOUND');
  });

  it('records each change in its own transaction, with the reason and the actor', async () => {
    const recorded = vi.spyOn(service.app.get(SecurityEvents, { strict: false }), 'recordIn');
    const { tenantId } = await service.tenant();
    await transition(tenantId, 'suspend', 'unpaid');
    expect(recorded).toHaveBeenCalledWith(
      expect.objectContaining({ query: expect.any(Function) as unknown }),
      expect.objectContaining({
        type: 'tenant.suspended',
        target: { type: 'tenant', id: tenantId },
        actorId: expect.any(String) as string,
        details: { reason: 'unpaid', from: 'active' },
      }),
    );
    const entries = await service.sql(
      'SELECT type, actor_kind, result, details FROM security_events WHERE tenant_id = $1',
      [tenantId],
    );
    expect(entries).toEqual([
      {
        type: 'tenant.suspended',
        actor_kind: 'operator',
        result: 'success',
        details: { reason: 'unpaid', from: 'active' },
      },
    ]);
    recorded.mockRejectedValueOnce(new Error('no audit log'));
    await expect(transition(tenantId, 'reactivate')).rejects.toThrow('no audit log');
    expect((await rowOf(tenantId))?.status).toBe('suspended');
  });

  it('serializes the changes of two operators', async () => {
    const { tenantId } = await service.tenant();
    const holder = new pg.Client({ connectionString: service.database.adminUrl });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM tenants WHERE id = $1 FOR UPDATE', [tenantId]);
      const both = Promise.all(
        [transition(tenantId, 'suspend'), transition(tenantId, 'suspend')].map(codeOf),
      );
      const waiting = async () => {
        // On another connection, because the answer does not change within a transaction.
        const [row] = await service.sql<{ count: number }>(
          `SELECT count(*)::int AS count FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return row?.count;
      };
      await expect.poll(waiting, { timeout: 10_000 }).toBe(2);
      await holder.query('COMMIT');
      expect((await both).sort()).toEqual(['INVALID_TRANSITION', 'done']);
    } finally {
      await holder.end();
    }
  });

  it('restores a canceled tenant within its period and not after it', async () => {
    const { tenantId } = await service.tenant();
    await transition(tenantId, 'cancel');
    expect((await rowOf(tenantId))?.deleted_at).toBeInstanceOf(Date);
    const cancelDaysAgo = (days: number) =>
      service.sql(
        'UPDATE tenants SET deleted_at = now() - make_interval(days => $2) WHERE id = $1',
        [tenantId, days],
      );
    await cancelDaysAgo(31);
    expect(await codeOf(transition(tenantId, 'restore'))).toBe('INVALID_TRANSITION');
    await cancelDaysAgo(29);
    expect(await codeOf(transition(tenantId, 'restore'))).toBe('done');
    expect(await rowOf(tenantId)).toMatchObject({ status: 'active', deleted_at: null });
  });

  it('refuses every change of the platform tenant', async () => {
    const operators = service.app.get(OperatorsTenantService, { strict: false });
    const id = await operators.ensure({ operatorId: null });
    for (const name of ['suspend', 'cancel'] as const)
      expect(await codeOf(transition(id, name))).toBe('INVALID_TRANSITION');
    expect((await rowOf(id))?.status).toBe('active');
  });

  it('does not restore a tenant whose purge has begun', async () => {
    const { tenantId } = await service.tenant({ status: 'canceled' });
    await transition(tenantId, 'purge');
    expect(await codeOf(transition(tenantId, 'restore'))).toBe('INVALID_TRANSITION');
  });
});

describe('A tenant that is suspended or canceled', () => {
  it.each(['suspend', 'cancel'] as const)(
    'refuses log-ins and existing tokens until %s is reverted',
    async (end) => {
      const { tenantId, host, admin } = await tenantWithAdmin();
      const { tokens } = await service.login(host, admin);
      expect(await service.probe(tokens.accessToken)).toBe('accepted');
      await transition(tenantId, end);
      await eventually(tokens.accessToken, 'INVALID_TENANT');
      const body = { email: admin.email, password: admin.password };
      const refused = await service.call('POST', '/auth/login', { host, body });
      expect(refused).toMatchObject({ status: 403, error: { code: 'INVALID_TENANT' } });
      expect((await service.refresh(tokens.refreshToken)).status).not.toBe(200);
      const other = await service.restarted();
      expect(await other.probe(tokens.accessToken)).toBe('INVALID_TENANT');
      await other.app.close();

      await transition(tenantId, end === 'suspend' ? 'reactivate' : 'restore');
      await eventually(tokens.accessToken, 'accepted');
      await service.login(host, admin);
    },
  );

  it('keeps its subdomain', async () => {
    const { subdomain, tenantId } = await service.tenant();
    await transition(tenantId, 'cancel');
    const answer = await service.call('POST', '/tenants', {
      host: 'poctracker.com',
      body: {
        name: 'Again',
        subdomain,
        adminEmail: 'ana@again.example',
        adminPassword: GOOD_PASSWORD,
      },
    });
    expect(answer).toMatchObject({ status: 409, error: { code: 'TENANT_EXISTS' } });
  });
});

describe('POST /tenants/current/cancel', () => {
  const cancel = (token: string, body: unknown) =>
    service.call<{ status: string; restorableUntil: string }>('POST', '/tenants/current/cancel', {
      token,
      body,
    });

  it('cancels the tenant of an admin, returns until when it can be restored and ends the session of the admin', async () => {
    const recorded = vi.spyOn(service.app.get(SecurityEvents, { strict: false }), 'record');
    const { tenantId, host, subdomain, admin } = await tenantWithAdmin();
    const { tokens } = await service.login(host, admin);
    const answer = await cancel(tokens.accessToken, {
      reason: 'too dear',
      confirmSubdomain: subdomain,
    });
    expect(answer).toMatchObject({ status: 200, data: { status: 'canceled' } });
    const days = (Date.parse(answer.data.restorableUntil) - Date.now()) / DAY_MS;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThan(30.1);
    expect(await rowOf(tenantId)).toMatchObject({ status: 'canceled', status_reason: 'too dear' });
    expect(recorded).toHaveBeenCalledWith(
      expect.objectContaining({ type: 'tenant.canceled', details: { reason: 'too dear' } }),
    );
    await eventually(tokens.accessToken, 'INVALID_TENANT');
  });

  it('works after the end of the subscription, when most other routes do not', async () => {
    const { tenantId, host, subdomain, admin } = await tenantWithAdmin();
    await service.sql(`UPDATE tenants SET subscription_ends_at = now() WHERE id = $1`, [tenantId]);
    const { tokens } = await service.login(host, admin);
    const body = { reason: 'over', confirmSubdomain: subdomain };
    expect((await cancel(tokens.accessToken, body)).status).toBe(200);
  });

  it.each(['manager', 'user', 'viewer'] as const)('is refused for role %s', async (role) => {
    const { tenantId, host, subdomain } = await service.tenant();
    const { tokens } = await service.login(host, await service.user(tenantId, { role }));
    const answer = await cancel(tokens.accessToken, { reason: 'x', confirmSubdomain: subdomain });
    expect(answer).toMatchObject({
      status: 403,
      error: { code: 'INSUFFICIENT_PERMISSIONS', details: { required: ['admin'] } },
    });
    expect((await rowOf(tenantId))?.status).toBe('active');
  });

  it('names the invalid field and changes nothing', async () => {
    const { tenantId, host, subdomain, admin } = await tenantWithAdmin();
    const { tokens } = await service.login(host, admin);
    const good = { reason: 'x', confirmSubdomain: subdomain };
    const wrong: [string, unknown][] = [
      ['confirmSubdomain', { ...good, confirmSubdomain: 'other' }],
      ['confirmSubdomain', { reason: 'x' }],
      ['confirmSubdomain', { ...good, confirmSubdomain: { $ne: '' } }],
      ['reason', { ...good, reason: '' }],
      ['reason', { ...good, reason: 'a\r\nb' }],
      ['reason', { ...good, reason: 'x'.repeat(501) }],
      ['tenantId', { ...good, tenantId: randomUUID() }],
      ['status', { ...good, status: 'purged' }],
    ];
    for (const [field, body] of wrong) {
      const answer = await cancel(tokens.accessToken, body);
      expect([field, answer.status]).toEqual([field, 400]);
      expect((answer.error.details as { field: string }[])[0]?.field).toBe(field);
    }
    expect((await rowOf(tenantId))?.status).toBe('active');
  });
});

describe('The end of a subscription', () => {
  const endDaysAgo = (tenantId: string, days: number) =>
    service.sql(
      'UPDATE tenants SET subscription_ends_at = now() - make_interval(days => $2) WHERE id = $1',
      [tenantId, days],
    );

  it('leaves read access and the routes that users need to close their accounts', async () => {
    const { tenantId, host, admin } = await tenantWithAdmin();
    const { tokens } = await service.login(host, admin);
    const spare = await service.login(host, admin);
    await endDaysAgo(tenantId, 1);
    const token = (await service.login(host, admin)).tokens.accessToken;
    expect((await service.call('GET', '/tenants/current', { token })).status).toBe(200);
    const refused = [
      await service.call('PATCH', '/tenants/current', { token, body: { name: 'New' } }),
      await service.call('PATCH', '/tenants/current/settings', { token, body: {} }),
      await service.call('PUT', '/auth/me', { token, body: { firstName: 'New' } }),
      await service.call('POST', '/tenants/current/domains', {
        token,
        body: { domain: 'a.example' },
      }),
    ];
    for (const answer of refused)
      expect(answer).toMatchObject({ status: 403, error: { code: 'SUBSCRIPTION_ENDED' } });
    const password = { currentPassword: admin.password, newPassword: GOOD_PASSWORD };
    const open = [
      await service.call('DELETE', '/auth/sessions', { token }),
      await service.call('POST', '/auth/logout', { token }),
    ];
    for (const answer of open) expect(answer.status).toBe(200);
    const again = (await service.login(host, admin)).tokens.accessToken;
    const changed = await service.call('PUT', '/auth/password', { token: again, body: password });
    expect(changed.status).toBe(200);
    await expect.poll(() => service.probe(spare.tokens.accessToken)).toBe('TOKEN_REVOKED');
    await expect.poll(() => service.probe(tokens.accessToken)).toBe('TOKEN_REVOKED');
  });

  it('suspends the tenant after the grace period, once, and records it', async () => {
    const recorded = vi.spyOn(service.app.get(SecurityEvents, { strict: false }), 'recordIn');
    const { tenantId } = await service.tenant();
    const renewed = await service.tenant();
    const endless = await service.tenant();
    await endDaysAgo(tenantId, 0);
    await endDaysAgo(renewed.tenantId, -30);
    const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);
    await jobs.suspendEnded(inDays(6.9));
    expect((await rowOf(tenantId))?.status).toBe('active');
    await Promise.all([jobs.suspendEnded(inDays(7.1)), jobs.suspendEnded(inDays(7.1))]);
    expect((await rowOf(tenantId))?.status).toBe('suspended');
    expect((await rowOf(renewed.tenantId))?.status).toBe('active');
    expect((await rowOf(endless.tenantId))?.status).toBe('active');
    const events = recorded.mock.calls.map(([, event]) => event);
    const ofTenant = events.filter(({ target }) => target?.id === tenantId);
    expect(ofTenant.map(({ type }) => type)).toEqual(['tenant.subscription_ended']);
  });

  it('suspends the other tenants although one fails, and tries that one again', async () => {
    const [first, second] = [await service.tenant(), await service.tenant()];
    await endDaysAgo(first.tenantId, 20);
    await endDaysAgo(second.tenantId, 10);
    const events = service.app.get(SecurityEvents, { strict: false });
    vi.spyOn(events, 'recordIn').mockRejectedValueOnce(new Error('no audit log'));
    await expect(jobs.suspendEnded(new Date())).rejects.toThrow(/failed: no audit log/);
    expect((await rowOf(first.tenantId))?.status).toBe('active');
    expect((await rowOf(second.tenantId))?.status).toBe('suspended');
    await jobs.suspendEnded(new Date());
    expect((await rowOf(first.tenantId))?.status).toBe('suspended');
  });

  it('does not suspend a tenant that is renewed at that moment', async () => {
    const { tenantId } = await service.tenant();
    await endDaysAgo(tenantId, 8);
    const query = platform.query.bind(platform);
    vi.spyOn(platform, 'query').mockImplementationOnce(async (sql, params) => {
      const ended = await query(sql, params);
      await endDaysAgo(tenantId, -30);
      return ended;
    });
    await jobs.suspendEnded(new Date());
    expect((await rowOf(tenantId))?.status).toBe('active');
  });
});
