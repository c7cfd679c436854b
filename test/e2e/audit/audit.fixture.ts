import type { SecurityEventType } from '@poc-tracker/contracts';
import { expect } from 'vitest';
import type {
  AuditEntryResponse,
  AuditPageResponse,
} from '../../../apps/auth-service/src/audit/audit.dto.js';
import type { Answer, Login, ServiceFixture } from '../service.fixture.js';

/** The user agent of the requests. */
export const AGENT = 'audit-spec/1.0';

export interface Admin extends Login {
  host: string;
  tenantId: string;
  token: string;
  email: string;
  password: string;
}

/** Creates a tenant and logs in its admin. */
export async function adminOn(service: ServiceFixture): Promise<Admin> {
  const { host, tenantId } = await service.tenant({ maxUsers: 100 });
  const { email, password } = await service.user(tenantId, { role: 'admin' });
  const login = await service.login(host, { email, password });
  return { ...login, host, tenantId, token: login.tokens.accessToken, email, password };
}

/** Returns a page of the audit log, newest first. */
export async function auditLogOn(
  service: ServiceFixture,
  token: string,
  query: Record<string, string> = {},
): Promise<AuditEntryResponse[]> {
  const answer = await service.call<AuditPageResponse>('GET', '/audit', { token, query });
  expect(answer.status, answer.text).toBe(200);
  return answer.data.items;
}

/** Makes every later commit fail that records an event of this type in the audit log of the tenant. */
export async function failCommitsOf(
  service: ServiceFixture,
  tenantId: string,
  type: SecurityEventType,
): Promise<void> {
  const name = `fail_${tenantId.replaceAll('-', '')}`;
  await service.sql(`CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'This commit fails.'; END $$`);
  await service.sql(`CREATE CONSTRAINT TRIGGER ${name} AFTER INSERT ON security_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.tenant_id = '${tenantId}' AND NEW.type = '${type}') EXECUTE FUNCTION ${name}()`);
}

/** Logs in and returns the answer, even of a refusal. */
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
