import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrackerFixture } from '../tracker/tracker.fixture.js';
import { ServiceFixture } from '../service.fixture.js';

type Operation = { security?: unknown[] };
type Document = { paths: Record<string, Record<string, Operation>> };

/** Routes that users need to close their accounts and to lock out an intruder. */
const OPEN = [
  'DELETE /api/v1/auth/factors/{id}',
  'DELETE /api/v1/auth/sessions',
  'DELETE /api/v1/auth/sessions/{id}',
  'DELETE /api/v1/auth/users/{userId}/factors',
  'DELETE /api/v1/auth/users/{userId}/sessions',
  'DELETE /api/v1/auth/users/{userId}/sessions/{sessionId}',
  'PATCH /api/v1/auth/factors/{id}',
  'POST /api/v1/auth/email/send-verification',
  'POST /api/v1/auth/factors/passkeys',
  'POST /api/v1/auth/factors/passkeys/options',
  'POST /api/v1/auth/factors/recovery-codes',
  'POST /api/v1/auth/factors/totp',
  'POST /api/v1/auth/factors/totp/{id}/confirm',
  'POST /api/v1/auth/logout',
  'POST /api/v1/auth/step-up',
  'POST /api/v1/auth/users/{userId}/deactivate',
  'POST /api/v1/auth/users/{userId}/require-password-change',
  'POST /api/v1/auth/users/{userId}/reset-password',
  'POST /api/v1/auth/users/{userId}/send-password-reset',
  'POST /api/v1/auth/users/{userId}/suspend',
  'POST /api/v1/auth/users/{userId}/unlock',
  'POST /api/v1/tenants/current/cancel',
  'PUT /api/v1/auth/email',
  'PUT /api/v1/auth/password',
];

let service: ServiceFixture;
let tracker: TrackerFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
  tracker = await TrackerFixture.start();
});

afterAll(async () => {
  await service?.stop();
  await tracker?.stop();
});

/** Returns every documented route that changes data for a logged-in user. */
function changingRoutes({ paths }: Document): string[] {
  return Object.entries(paths)
    .filter(([path]) => !path.includes('/platform/'))
    .flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([method, { security = [] }]) => method !== 'get' && needsLogin(security))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    )
    .sort();
}

const needsLogin = (security: unknown[]): boolean =>
  security.some((scheme) => Object.hasOwn(scheme as object, 'bearer'));

const withIds = (path: string): string => path.replaceAll(/\{\w+\}/g, () => randomUUID());

/** Returns the routes that stay available after the end of the subscription. */
async function openRoutes(
  routes: readonly string[],
  codeOf: (method: string, path: string) => Promise<unknown>,
): Promise<string[]> {
  const open: string[] = [];
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    if ((await codeOf(method, withIds(path))) !== 'SUBSCRIPTION_ENDED') open.push(route);
  }
  return open;
}

describe('A tenant whose subscription has ended is read-only', () => {
  it('on every route of the service except those for leaving it', async () => {
    const tenant = await service.tenant({ planType: 'enterprise', features: {} });
    const admin = await service.user(tenant.tenantId, { role: 'admin' });
    await service.sql('UPDATE tenants SET subscription_ends_at = now() WHERE id = $1', [
      tenant.tenantId,
    ]);
    const document = (await service.app.inject({ url: '/docs-json' })).json<Document>();
    const routes = changingRoutes(document);
    expect(routes.length).toBeGreaterThan(20);
    const open = await openRoutes(routes, async (method, url) => {
      const { tokens } = await service.login(tenant.host, admin);
      const response = await service.app.inject({
        method: method as 'POST',
        url,
        headers: { authorization: `Bearer ${tokens.accessToken}` },
        ...(method !== 'DELETE' && { payload: {} }),
      });
      return response.json<{ code?: string }>().code;
    });
    expect(open).toEqual(OPEN);
  });

  it('on every route of the tracker', async () => {
    const admin = await tracker.user({ role: 'admin' });
    await tracker.sql(
      `UPDATE tenants SET subscription_ends_at = now(), plan_type = 'enterprise', features = '{}' WHERE id = $1`,
      [admin.tenantId],
    );
    const document = (await (await fetch(`${tracker.url}/docs-json`)).json()) as Document;
    const routes = changingRoutes(document);
    expect(routes.length).toBeGreaterThan(5);
    const open = await openRoutes(routes, async (method, path) => {
      const response = await fetch(tracker.url + path, {
        method,
        headers: {
          authorization: `Bearer ${admin.token}`,
          ...(method !== 'DELETE' && { 'content-type': 'application/json' }),
        },
        ...(method !== 'DELETE' && { body: '{}' }),
      });
      return ((await response.json()) as { code?: string }).code;
    });
    expect(open).toEqual([]);
  });
});

describe('The tracker refuses tokens of a tenant', () => {
  it.each(['suspended', 'canceled'])('that is %s, within a second', async (status) => {
    const user = await tracker.user();
    const codeOf = async () => {
      const answer = await tracker.call('GET', '/pocs', { token: user.token });
      return answer.status === 200 ? 'read' : answer.error.code;
    };
    expect(await codeOf()).toBe('read');
    await tracker.sql('UPDATE tenants SET status = $2 WHERE id = $1', [user.tenantId, status]);
    await expect.poll(codeOf, { timeout: 1_000, interval: 20 }).toBe('INVALID_TENANT');
  });
});
