import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import type { OperatorInvitation } from '../../../apps/auth-service/src/platform/operators/operator.service.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';

export const PLATFORM_HOST = 'platform.localhost';

export interface Listed {
  items: { id: string; subdomain: string; planType: string; status: string }[];
  nextCursor: string | null;
}

export let service: ServiceFixture;

/** The account of the operator. */
export const account = { email: `${randomUUID()}@ops.example`, password: GOOD_PASSWORD };

export let operator: Login;

export let platformId: string;

export async function invite(email: string): Promise<OperatorInvitation> {
  const run = await cliOn(service.database)('operators', 'create', '--email', email, '--json');
  return run.json() as OperatorInvitation;
}

export function activate(body: object): Promise<Answer<{ id: string }>> {
  return service.call('POST', '/platform/operators/activate', { host: PLATFORM_HOST, body });
}

async function makeOperator(): Promise<Login> {
  const { secret } = await invite(account.email);
  const answer = await activate({ ...account, secret });
  if (answer.status !== 200) throw new Error(answer.text);
  return service.login(PLATFORM_HOST, account);
}

export type Method = Parameters<ServiceFixture['call']>[0];

export function asOperator<T = unknown>(
  method: Method,
  path: string,
  body?: unknown,
): Promise<Answer<T>> {
  return service.call<T>(method, `/platform${path}`, {
    token: operator.tokens.accessToken,
    ...(body !== undefined && { body }),
  });
}

export const NOWHERE = randomUUID();

/** Every platform route that needs an operator. */
export const ROUTES: [Method, string, object?][] = [
  ['GET', '/platform/tenants'],
  ['POST', '/platform/tenants', { name: 'X', subdomain: 'x-1', adminEmail: 'a@x.example' }],
  ['GET', `/platform/tenants/${NOWHERE}`],
  ['GET', `/platform/tenants/${NOWHERE}/usage`],
  ['GET', `/platform/tenants/${NOWHERE}/rate-limits`],
  ['PUT', `/platform/tenants/${NOWHERE}/rate-limits`, { rules: [], shadow: [] }],
  ['PATCH', `/platform/tenants/${NOWHERE}/plan`, { plan: 'pro' }],
  ...['suspend', 'reactivate', 'cancel', 'restore'].map((move): [Method, string, object] => [
    'POST',
    `/platform/tenants/${NOWHERE}/${move}`,
    { reason: 'because' },
  ]),
  ['POST', `/platform/tenants/${NOWHERE}/unlock-user`, { email: 'a@x.example' }],
  [
    'POST',
    `/platform/tenants/${NOWHERE}/purge`,
    { reason: 'because', confirmSubdomain: 'nowhere' },
  ],
];

export function usePlatform(): void {
  beforeAll(async () => {
    service = await ServiceFixture.start({ TENANT_SIGNUP: 'closed' });
    operator = await makeOperator();
    const [platform] = await service.sql<{ id: string }>(
      'SELECT id FROM tenants WHERE is_platform',
    );
    platformId = platform?.id ?? '';
  });

  afterAll(async () => {
    await service.stop();
  });
}
