import { API_DESCRIPTION } from '../../apps/auth-service/src/api-description.js';
import type { TenantStatus } from '@poc-tracker/contracts';
import { type RoutePolicy, ROUTE_POLICY } from '@poc-tracker/auth-kit';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newInvitationToken } from '../../apps/auth-service/src/auth/invitations/invitation-token.js';
import { createOpenApiDocument, operationsOf } from '@poc-tracker/http-service';
import { TxtResolver } from '../../apps/auth-service/src/tenant/domains/txt-resolver.js';
import {
  type Caller,
  CALLERS,
  type Cell,
  MATRIX,
  type Scene,
  uniqueEmail,
} from './policy-matrix.table.js';
import { type Login, ServiceFixture } from './service.fixture.js';

function sessionIdOf({ tokens }: Login): string {
  const payload = Buffer.from(tokens.accessToken.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { session_id: string }).session_id;
}

let service: ServiceFixture;
let platformId: string;

/** The TXT record that the DNS of the test returns for every name. */
const PROOF = 'proof';

beforeAll(async () => {
  service = await ServiceFixture.start();
  vi.spyOn(service.app.get(TxtResolver, { strict: false }), 'txt').mockResolvedValue([
    `poc-tracker-verification=${PROOF}`,
  ]);
  const [platform] = await service.sql<{ id: string }>(
    `INSERT INTO tenants (name, subdomain, is_platform, max_users)
     VALUES ('Platform', 'platform', true, 1000) RETURNING id`,
  );
  platformId = platform?.id ?? '';
});

afterAll(async () => {
  await service.stop();
});

async function scene(caller: Caller, targetStatus: TenantStatus = 'active'): Promise<Scene> {
  const own = await service.tenant({ maxUsers: 100 });
  const { host, tenantId, subdomain } =
    caller === 'operator'
      ? { host: 'platform.localhost', tenantId: platformId, subdomain: 'platform' }
      : own;
  const role = caller === 'anonymous' ? 'user' : caller === 'operator' ? 'admin' : caller;
  const user = await service.user(tenantId, { role });
  const colleague = await service.user(tenantId, { role: 'user' });
  const login = await service.login(host, user);
  return {
    host,
    tenantId,
    subdomain,
    caller: user,
    login,
    sessionId: sessionIdOf(login),
    auditEntryId: await auditEntryOf(tenantId),
    domainId: await seedDomain(tenantId),
    colleague,
    colleagueSessionId: sessionIdOf(await service.login(host, colleague)),
    roleId: await seedRole(tenantId),
    target: await service.tenant({ status: targetStatus }),
    invited: await seedInvitations(tenantId),
    activation: await inviteOperator(),
  };
}

async function auditEntryOf(tenantId: string): Promise<string> {
  const [entry] = await service.sql<{ id: string }>(
    'SELECT id FROM audit_log WHERE tenant_id = $1 LIMIT 1',
    [tenantId],
  );
  return entry?.id ?? '';
}

async function seedDomain(tenantId: string): Promise<string> {
  const [domain] = await service.sql<{ id: string }>(
    `INSERT INTO tenant_domains (tenant_id, domain, token) VALUES ($1, $2, $3) RETURNING id`,
    [tenantId, `${randomUUID()}.example.com`, PROOF],
  );
  return domain?.id ?? '';
}

async function seedRole(tenantId: string): Promise<string> {
  const [role] = await service.sql<{ id: string }>(
    `INSERT INTO tenant_roles (tenant_id, name, name_key) VALUES ($1, $2::text, $2::text) RETURNING id`,
    [tenantId, `Guest ${randomUUID()}`.slice(0, 50)],
  );
  return role?.id ?? '';
}

async function seedInvitations(tenantId: string): Promise<Scene['invited']> {
  const [invitationId, linkId] = [randomUUID(), randomUUID()];
  const { token, tokenHash } = newInvitationToken('user');
  const { userId } = await service.user(tenantId, { role: 'admin' });
  await service.sql(
    `INSERT INTO invites (tenant_id, id, token_hash, email, role, invited_by) VALUES ($1, $2, $3, $4, 'user', $5)`,
    [tenantId, invitationId, tokenHash, uniqueEmail(), userId],
  );
  await service.sql(
    `INSERT INTO invite_links (tenant_id, id, token_hash, role, quota, created_by) VALUES ($1, $2, $3, 'user', 1, $4)`,
    [tenantId, linkId, newInvitationToken('link').tokenHash, userId],
  );
  return { invitationId, token, linkId };
}

async function inviteOperator(): Promise<Scene['activation']> {
  const activation = { email: uniqueEmail(), secret: randomUUID() };
  await service.sql(
    `INSERT INTO operator_invitations (tenant_id, email, secret_hash, expires_at)
     VALUES ($1, $2, $3, now() + interval '1 hour')`,
    [platformId, activation.email, createHash('sha256').update(activation.secret).digest()],
  );
  return activation;
}

/** The code of a refusal. OAuth routes have no `code`: theirs is `error`. */
function codeOf({ code, error }: { code?: string; error: string }): string {
  return code ?? error;
}

function expectedOutcome(cell: Cell, caller: Caller): string {
  const { status, code } = cell;
  if (cell.allowed.includes(caller)) return code === undefined ? `${status}` : `${status} ${code}`;
  return caller === 'anonymous' ? '401 TOKEN_REQUIRED' : '403 INSUFFICIENT_PERMISSIONS';
}

describe('The policy of the service', () => {
  it('is listed for every documented route and for no other', () => {
    const routes = operationsOf(createOpenApiDocument(service.app, API_DESCRIPTION)).map(
      ({ name }) => name,
    );
    expect(Object.keys(MATRIX).sort()).toEqual(routes.sort());
  });

  describe.each(Object.entries(MATRIX))('of %s', (name, cell) => {
    const [method = '', template = ''] = name.split(' ');

    const isPlatform = template.startsWith('/api/v1/platform/');

    it.each(isPlatform ? [...CALLERS, 'operator' as const] : CALLERS)(
      'answers %s as listed',
      async (caller) => {
        const current = await scene(caller, cell.target);
        const body = cell.body?.(current);
        const response = await service.app.inject({
          method: method as 'GET',
          url: cell.path?.(current) ?? template,
          headers: {
            host: current.host,
            ...(caller !== 'anonymous' && {
              authorization: `Bearer ${current.login.tokens.accessToken}`,
            }),
          },
          ...(body !== undefined && { payload: body as object }),
        });
        const code = response.statusCode < 400 ? '' : ` ${codeOf(response.json())}`;
        expect(`${response.statusCode}${code}`).toBe(expectedOutcome(cell, caller));
      },
    );
  });

  it('is declared by every handler, so that no route is open or closed by accident', () => {
    const silent: string[] = [];
    for (const { instance } of new DiscoveryService(
      service.app.get(ModulesContainer),
    ).getControllers()) {
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      for (const method of new MetadataScanner().getAllMethodNames(prototype)) {
        const handler = prototype[method] as object;
        if (!Reflect.hasMetadata(PATH_METADATA, handler)) continue;
        const policy = Reflect.getMetadata(ROUTE_POLICY, handler) as RoutePolicy | undefined;
        if (policy === undefined) silent.push(`${prototype.constructor.name}.${method}`);
      }
    }
    expect(silent).toEqual([]);
  });
});
