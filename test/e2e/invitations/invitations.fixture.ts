import { createHttpApp, createLogger } from '@poc-tracker/http-service';
import { registerRequestContext, uuidv7 } from '@poc-tracker/tenancy';
import { createTestDatabase, type SeededUser } from '@poc-tracker/testing';
import type { Permission, Role } from '@poc-tracker/contracts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { AppModule } from '../../../apps/auth-service/src/app.module.js';
import { testConfig } from '../../../apps/auth-service/src/config/test-config.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';
import { toApiError } from '../../../apps/auth-service/src/constraint-codes.js';

export interface Sent {
  invitation: { id: string; status: string; expiresAt: string; sentCount: number };
  token: string;
  link: string;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** Every line that the service logs, from level trace on. */
export const log: string[] = [];

export let service: ServiceFixture;

export interface Scene {
  host: string;
  subdomain: string;
  tenantId: string;
  admin: SeededUser;
  /** The access token of the admin. */
  token: string;
}

export async function scene(
  overrides: Parameters<ServiceFixture['tenant']>[0] = {},
): Promise<Scene> {
  const { host, subdomain, tenantId } = await service.tenant({ maxUsers: 100, ...overrides });
  const admin = await service.user(tenantId, { role: 'admin' });
  return { host, subdomain, tenantId, admin, token: await tokenOf(host, admin) };
}

async function tokenOf(host: string, user: SeededUser): Promise<string> {
  return (await service.login(host, user)).tokens.accessToken;
}

/** Creates another user of the tenant and logs in. */
export async function colleague(
  { host, tenantId }: Scene,
  role: Role,
  permissions: Permission[] = [],
): Promise<SeededUser & { token: string }> {
  const user = await service.user(tenantId, { role, permissions });
  return { ...user, token: await tokenOf(host, user) };
}

export const address = (): string => `${randomUUID()}@example.com`;

export const invite = (
  { host, token }: Pick<Scene, 'host' | 'token'>,
  email: string,
  role: Role = 'user',
): Promise<Answer<Sent>> =>
  service.call<Sent>('POST', '/auth/invitations', { host, token, body: { email, role } });

export const register = (
  host: string,
  email: string,
  inviteToken?: string,
): Promise<Answer<Login>> =>
  service.call<Login>('POST', '/auth/register', {
    host,
    body: {
      email,
      password: GOOD_PASSWORD,
      firstName: 'Bia',
      lastName: 'Lima',
      ...(inviteToken !== undefined && { inviteToken }),
    },
  });

export const resend = ({ host, token }: Scene, id: string): Promise<Answer<Sent>> =>
  service.call<Sent>('POST', `/auth/invitations/${id}/resend`, { host, token });

export const revoke = ({ host, token }: Scene, id: string): Promise<Answer<Sent['invitation']>> =>
  service.call('DELETE', `/auth/invitations/${id}`, { host, token });

export const makeLink = (
  { host, token }: Pick<Scene, 'host' | 'token'>,
  body: object,
): Promise<Answer<{ invitationLink: { id: string }; token: string; link: string }>> =>
  service.call('POST', '/auth/invitation-links', {
    host,
    token,
    body: { role: 'user', quota: 5, ...body },
  });

export const expire = (id: string): Promise<unknown> =>
  service.sql(`UPDATE invites SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);

export const outcome = ({ status, error }: Answer): string =>
  status < 400 ? `${status}` : error.code;

export function useInvitationService(): void {
  beforeAll(async () => {
    const database = await createTestDatabase();
    const config = testConfig(database);
    const app = await createHttpApp(AppModule.forConfig(config), {
      settings: config.http,
      logger: createLogger('trace', { write: (line) => log.push(line) }),
      requestId: uuidv7,
      translateError: toApiError,
      prepare: registerRequestContext,
    });
    await app.init();
    service = await ServiceFixture.around(database, app);
  });

  afterAll(async () => {
    await service?.stop();
  });
}
