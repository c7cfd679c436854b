import { expect } from 'vitest';
import type {
  AuditEntryResponse,
  AuditPageResponse,
} from '../../../apps/auth-service/src/audit/audit.dto.js';
import type { Answer, Login, ServiceFixture } from '../service.fixture.js';

/** What the requests of these tests call themselves. */
export const AGENT = 'audit-spec/1.0';

export interface Admin extends Login {
  host: string;
  tenantId: string;
  token: string;
  email: string;
  password: string;
}

/** The admin of a tenant of their own, signed in. */
export async function adminOn(service: ServiceFixture): Promise<Admin> {
  const { host, tenantId } = await service.tenant({ maxUsers: 100 });
  const { email, password } = await service.user(tenantId, { role: 'admin' });
  const login = await service.login(host, { email, password });
  return { ...login, host, tenantId, token: login.tokens.accessToken, email, password };
}

/** One page of the trail, newest first. */
export async function trailOn(
  service: ServiceFixture,
  token: string,
  query: Record<string, string> = {},
): Promise<AuditEntryResponse[]> {
  const answer = await service.call<AuditPageResponse>('GET', '/audit', { token, query });
  expect(answer.status, answer.text).toBe(200);
  return answer.data.items;
}

/** A log-in by whatever way it ends. */
export async function logInOn(
  service: ServiceFixture,
  host: string,
  email: string,
  password: string,
): Promise<Answer<Login>> {
  return service.call<Login>('POST', '/auth/login', {
    host,
    body: { email, password },
    headers: { 'user-agent': AGENT },
  });
}
