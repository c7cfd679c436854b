import { randomUUID } from 'node:crypto';
import { pollUntil } from '@poc-tracker/embedded';
import { describe, expect, it } from 'vitest';
import type { UserRecord } from './tracker.fixture.js';
import { DEADLINE_MS, outcome, tracker, useTracker, withoutId } from './running-tracker.fixture.js';

useTracker();

describe('The tracker about another tenant', () => {
  it('answers its ids like unknown ids, on every route with ids', async () => {
    const [ana, eve] = [
      await tracker.user({ role: 'admin' }),
      await tracker.user({ role: 'admin' }),
    ];
    const poc = await tracker.poc(ana);
    const { data: file } = await tracker.upload(ana, poc, Buffer.from('secret'));
    const own = await tracker.poc(eve);
    const routes: [string, (poc: string, file: string) => string, unknown?][] = [
      ['GET', (id) => `/pocs/${id}`],
      ['PUT', (id) => `/pocs/${id}`, { title: 'Mine now' }],
      ['PATCH', (id) => `/pocs/${id}`, { title: 'Mine now' }],
      ['DELETE', (id) => `/pocs/${id}`],
      ['GET', (id) => `/pocs/${id}/collaborators`],
      ['PUT', (id) => `/pocs/${id}/collaborators/${eve.userId}`],
      ['DELETE', (id) => `/pocs/${id}/collaborators/${eve.userId}`],
      ['GET', (id) => `/pocs/${id}/files`],
      ['POST', (id) => `/pocs/${id}/files?name=x`],
      ['GET', (id, fileId) => `/pocs/${id}/files/${fileId}`],
      ['GET', (id, fileId) => `/pocs/${id}/files/${fileId}/content`],
      ['DELETE', (id, fileId) => `/pocs/${id}/files/${fileId}`],
      ['GET', (_id, fileId) => `/pocs/${own}/files/${fileId}`],
      ['GET', (_id, fileId) => `/pocs/${own}/files/${fileId}/content`],
      ['DELETE', (_id, fileId) => `/pocs/${own}/files/${fileId}`],
      ['GET', (id) => `/pocs/${id}/events`],
    ];
    for (const [method, path, body] of routes) {
      const call = {
        token: eve.token,
        body,
        ...(method === 'POST' && { bytes: Buffer.from('x') }),
      };
      const foreign = await tracker.call(method, path(poc, file.id), call);
      const random = await tracker.call(method, path(randomUUID(), randomUUID()), call);
      expect([method, path('', ''), foreign.status]).toEqual([method, path('', ''), 404]);
      expect(withoutId(foreign.bytes)).toBe(withoutId(random.bytes));
    }
    expect((await tracker.call('GET', `/pocs/${poc}`, { token: ana.token })).status).toBe(200);
  });

  it('answers TENANT_MISMATCH if the host names it', async () => {
    const [ana, eve] = [await tracker.user(), await tracker.user()];
    const { error } = await tracker.call('GET', '/pocs', { token: eve.token, host: ana.host });
    expect(error.code).toBe('TENANT_MISMATCH');
  });
});

describe('A token in the tracker', () => {
  it('is refused within a second after its session, its user or its tenant has ended', async () => {
    const endings: [string, (user: UserRecord) => Promise<unknown>, string][] = [
      ['session', (user) => tracker.revoke(user), 'TOKEN_REVOKED'],
      [
        'user',
        ({ userId }) =>
          tracker.sql(`UPDATE users SET status = 'suspended' WHERE id = $1`, [userId]),
        'TOKEN_REVOKED',
      ],
      [
        'tenant',
        ({ tenantId }) =>
          tracker.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenantId]),
        'INVALID_TENANT',
      ],
    ];
    for (const [what, end, code] of endings) {
      const ana = await tracker.user();
      expect(await outcome(ana, 'GET', '/pocs')).toBe('200');
      await end(ana);
      const refused = await pollUntil(async () => {
        const { error } = await tracker.call('GET', '/pocs', { token: ana.token });
        return error.code === code || undefined;
      }, 1_000);
      expect([what, refused]).toEqual([what, true]);
    }
  });

  it('is refused within a second after the tenant has required a second factor, until its session has proved one', async () => {
    const [ana, eve] = [await tracker.user(), await tracker.user()];
    const becomes = async (expected: string) => {
      const outcomes: string[] = [];
      const reached = await pollUntil(async () => {
        outcomes.push(await outcome(ana, 'GET', '/pocs'));
        return outcomes.at(-1) === expected || undefined;
      }, 1_000);
      expect([reached, outcomes.at(-1)]).toEqual([true, expected]);
    };
    await becomes('200');
    await tracker.sql(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'security', '{"requireMFA": true}')
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = EXCLUDED.setting_value`,
      [ana.tenantId],
    );
    await becomes('403 FACTOR_ENROLLMENT_REQUIRED');
    await tracker.sql(`UPDATE users SET factors = '{totp}' WHERE id = $1`, [ana.userId]);
    await becomes('401 STEP_UP_REQUIRED');
    await tracker.sql(`UPDATE user_sessions SET amr = '{pwd,otp,mfa}' WHERE id = $1`, [
      ana.sessionId,
    ]);
    await becomes('200');
    expect(await outcome(eve, 'GET', '/pocs')).toBe('200');
  });

  it('allows reading but not writing after the end of the subscription', async () => {
    const ana = await tracker.user();
    const id = await tracker.poc(ana);
    await tracker.sql('UPDATE tenants SET subscription_ends_at = now() WHERE id = $1', [
      ana.tenantId,
    ]);
    const refused = await pollUntil(
      async () =>
        (await outcome(ana, 'PATCH', `/pocs/${id}`, { title: 'x' })) === '403 SUBSCRIPTION_ENDED' ||
        undefined,
      DEADLINE_MS,
    );
    expect(refused).toBe(true);
    expect((await tracker.upload(ana, id, Buffer.from('x'))).error.code).toBe('SUBSCRIPTION_ENDED');
    expect(await outcome(ana, 'GET', `/pocs/${id}`)).toBe('200');
  });
});

describe('The tracker', () => {
  it.each(['/health', '/health/live', '/health/ready', '/api/v1/health'])(
    'answers %s',
    async (path) => {
      const answer = await fetch(tracker.url + path);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ status: 'healthy' });
    },
  );

  it('reports the health of each service that it depends on', async () => {
    const { services } = (await (await fetch(`${tracker.url}/health`)).json()) as {
      services: Record<string, unknown>;
    };
    const healthy = { healthy: true, responseTime: expect.any(Number) as number };
    expect(services).toMatchObject({ database: healthy, storage: healthy });
  });

  it('documents its routes', async () => {
    const document = (await (await fetch(`${tracker.url}/docs-json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/api/v1/pocs/{pocId}/files/{fileId}/content');
  });
});
