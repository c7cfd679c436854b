import { API_DESCRIPTION } from '../../apps/auth-service/src/app.setup.js';
import { ROLES, type Role, type TenantStatus } from '@poc-tracker/contracts';
import { type RoutePolicy, ROUTE_POLICY } from '@poc-tracker/auth-kit';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import type { SeededUser } from '@poc-tracker/testing';
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newInvitationToken } from '../../apps/auth-service/src/auth/invitations/invitation-token.js';
import { createOpenApiDocument, operationsOf } from '@poc-tracker/http-service';
import { GOOD_PASSWORD, type Login, ServiceFixture } from './service.fixture.js';

/** `operator`: an admin of the platform's own tenant. */
type Caller = 'anonymous' | 'operator' | Role;

interface Scene {
  host: string;
  tenantId: string;
  caller: SeededUser;
  login: Login;
  /** Another person of the tenant, of role user. */
  colleague: SeededUser;
  /** A session of theirs. */
  colleagueSessionId: string;
  /** A role of the tenant's own that nobody has. */
  roleId: string;
  /** Another tenant than the caller's, for operators to act on. */
  target: { tenantId: string; subdomain: string };
  /** An open invitation and a link for many, both by an admin of the tenant. */
  invited: { invitationId: string; token: string; linkId: string };
  /** What somebody becomes an operator with. */
  activation: { email: string; secret: string };
}

interface Cell {
  /** Who gets the answer of success; everybody else is refused: 401 without a token, 403 with one. */
  allowed: readonly Caller[];
  status: number;
  path?: (scene: Scene) => string;
  body?: (scene: Scene) => unknown;
  /** The state that the target of an operator is in; default active. */
  target?: TenantStatus;
}

const CALLERS: readonly Caller[] = ['anonymous', ...ROLES];
const SIGNED_IN: readonly Caller[] = ROLES;
const OVERSEERS: readonly Caller[] = ['manager', 'admin'];
const OPERATORS: readonly Caller[] = ['operator'];

/** A route of the platform below one tenant. */
function platformCell(path: string, cell: Partial<Cell> = {}): Cell {
  return {
    allowed: OPERATORS,
    status: 200,
    path: ({ target }) => `/api/v1/platform/tenants/${target.tenantId}${path}`,
    ...cell,
  };
}

/** A route of another person of the tenant. */
function personCell(path: string, cell: Partial<Cell> = {}): Cell {
  return {
    allowed: OVERSEERS,
    status: 200,
    path: ({ colleague }) => `/api/v1/auth/users/${colleague.userId}${path}`,
    ...cell,
  };
}

/** A route of one of the tenant's own roles. */
function roleCell(cell: Partial<Cell> = {}): Cell {
  return {
    allowed: ['admin'],
    status: 200,
    path: ({ roleId }) => `/api/v1/auth/roles/${roleId}`,
    ...cell,
  };
}

/** A route of one invitation. */
function invitationCell(path: string): Cell {
  return {
    allowed: OVERSEERS,
    status: 200,
    path: ({ invited }) => `/api/v1/auth/invitations/${invited.invitationId}${path}`,
  };
}

/** A route of one link for many. */
function invitationLinkCell(path: string): Cell {
  return {
    allowed: OVERSEERS,
    status: 200,
    path: ({ invited }) => `/api/v1/auth/invitation-links/${invited.linkId}${path}`,
  };
}

const REASON = { body: () => ({ reason: 'unpaid' }) };

function uniqueEmail(): string {
  return `${randomUUID()}@example.com`;
}

/** Who may call what. Written by hand: were it read from the code, it would agree with every mistake. */
const MATRIX: Record<string, Cell> = {
  'GET /.well-known/jwks.json': { allowed: CALLERS, status: 200 },
  'GET /health': { allowed: CALLERS, status: 200 },
  'GET /health/live': { allowed: CALLERS, status: 200 },
  'GET /health/ready': { allowed: CALLERS, status: 200 },
  'POST /api/v1/tenants': {
    allowed: CALLERS,
    status: 201,
    body: () => ({
      name: 'Initech',
      subdomain: `t-${randomUUID()}`,
      adminEmail: uniqueEmail(),
      adminPassword: GOOD_PASSWORD,
    }),
  },
  'GET /api/v1/tenants/current': { allowed: SIGNED_IN, status: 200 },
  'GET /api/v1/tenants/current/usage': { allowed: OVERSEERS, status: 200 },
  'GET /api/v1/tenants/current/entitlements': { allowed: SIGNED_IN, status: 200 },
  // For services with credentials of their own: a person's token is of no use.
  'POST /api/v1/oauth/introspect': { allowed: CALLERS, status: 401 },
  'POST /api/v1/oauth/revoke': { allowed: CALLERS, status: 401 },
  'POST /api/v1/auth/register': {
    allowed: CALLERS,
    status: 201,
    body: () => ({
      email: uniqueEmail(),
      password: GOOD_PASSWORD,
      firstName: 'Rui',
      lastName: 'Lima',
    }),
  },
  'POST /api/v1/auth/login': {
    allowed: CALLERS,
    status: 200,
    body: ({ caller }) => ({ email: caller.email, password: caller.password }),
  },
  'POST /api/v1/auth/refresh': {
    allowed: CALLERS,
    status: 200,
    body: ({ login }) => ({ refreshToken: login.tokens.refreshToken }),
  },
  'POST /api/v1/auth/logout': { allowed: SIGNED_IN, status: 200 },
  'GET /api/v1/auth/me': { allowed: SIGNED_IN, status: 200 },
  'PUT /api/v1/auth/me': { allowed: SIGNED_IN, status: 200, body: () => ({ firstName: 'Rui' }) },
  'PUT /api/v1/auth/password': {
    allowed: SIGNED_IN,
    status: 200,
    body: ({ caller }) => ({ currentPassword: caller.password, newPassword: GOOD_PASSWORD }),
  },
  'POST /api/v1/auth/password/renew': {
    allowed: CALLERS,
    status: 200,
    body: ({ caller }) => ({
      email: caller.email,
      currentPassword: caller.password,
      newPassword: GOOD_PASSWORD,
    }),
  },
  'GET /api/v1/auth/sessions': { allowed: SIGNED_IN, status: 200 },
  'DELETE /api/v1/auth/sessions': { allowed: SIGNED_IN, status: 200 },
  'DELETE /api/v1/auth/sessions/{id}': {
    allowed: SIGNED_IN,
    status: 200,
    path: ({ login }) => `/api/v1/auth/sessions/${sessionIdOf(login)}`,
  },
  'POST /api/v1/auth/invitations': {
    allowed: OVERSEERS,
    status: 201,
    body: () => ({ email: uniqueEmail(), role: 'viewer' }),
  },
  'POST /api/v1/auth/invitations/bulk': {
    allowed: OVERSEERS,
    status: 200,
    body: () => ({ invitations: [{ email: uniqueEmail(), role: 'viewer' }] }),
  },
  'POST /api/v1/auth/invitations/inspect': {
    allowed: CALLERS,
    status: 200,
    body: ({ invited }) => ({ token: invited.token }),
  },
  'GET /api/v1/auth/invitations': { allowed: OVERSEERS, status: 200 },
  'GET /api/v1/auth/invitations/{invitationId}': invitationCell(''),
  'DELETE /api/v1/auth/invitations/{invitationId}': invitationCell(''),
  'POST /api/v1/auth/invitations/{invitationId}/resend': invitationCell('/resend'),
  'POST /api/v1/auth/invitation-links': {
    allowed: OVERSEERS,
    status: 201,
    body: () => ({ role: 'viewer', quota: 2 }),
  },
  'GET /api/v1/auth/invitation-links': { allowed: OVERSEERS, status: 200 },
  'GET /api/v1/auth/invitation-links/{linkId}': invitationLinkCell(''),
  'DELETE /api/v1/auth/invitation-links/{linkId}': invitationLinkCell(''),
  'GET /api/v1/auth/invitation-links/{linkId}/uses': invitationLinkCell('/uses'),
  'GET /api/v1/auth/users': { allowed: OVERSEERS, status: 200 },
  'POST /api/v1/platform/operators/activate': {
    allowed: [...CALLERS, 'operator'],
    status: 200,
    body: ({ activation }) => ({ ...activation, password: GOOD_PASSWORD }),
  },
  'GET /api/v1/platform/tenants': { allowed: OPERATORS, status: 200 },
  'POST /api/v1/platform/tenants': {
    allowed: OPERATORS,
    status: 201,
    body: () => ({ name: 'Initech', subdomain: `t-${randomUUID()}`, adminEmail: uniqueEmail() }),
  },
  'GET /api/v1/platform/tenants/{tenantId}': platformCell(''),
  'GET /api/v1/platform/tenants/{tenantId}/usage': platformCell('/usage'),
  'PATCH /api/v1/platform/tenants/{tenantId}/plan': platformCell('/plan', {
    body: () => ({ plan: 'pro' }),
  }),
  'POST /api/v1/platform/tenants/{tenantId}/suspend': platformCell('/suspend', REASON),
  'POST /api/v1/platform/tenants/{tenantId}/reactivate': platformCell('/reactivate', {
    ...REASON,
    target: 'suspended',
  }),
  'POST /api/v1/platform/tenants/{tenantId}/cancel': platformCell('/cancel', REASON),
  'POST /api/v1/platform/tenants/{tenantId}/restore': platformCell('/restore', {
    ...REASON,
    target: 'canceled',
  }),
  'POST /api/v1/platform/tenants/{tenantId}/purge': platformCell('/purge', {
    status: 202,
    target: 'canceled',
    body: ({ target }) => ({ reason: 'asked for', confirmSubdomain: target.subdomain }),
  }),
  'POST /api/v1/auth/users': {
    allowed: OVERSEERS,
    status: 201,
    body: () => ({ email: uniqueEmail(), firstName: 'Rui', lastName: 'Lima', role: 'viewer' }),
  },
  'GET /api/v1/auth/users/{userId}': personCell(''),
  'PATCH /api/v1/auth/users/{userId}': personCell('', { body: () => ({ firstName: 'Rui' }) }),
  'DELETE /api/v1/auth/users/{userId}': personCell(''),
  'POST /api/v1/auth/users/{userId}/suspend': personCell('/suspend'),
  'POST /api/v1/auth/users/{userId}/reactivate': personCell('/reactivate'),
  'POST /api/v1/auth/users/{userId}/role': personCell('/role', {
    body: () => ({ role: 'viewer' }),
  }),
  'POST /api/v1/auth/users/{userId}/require-password-change': personCell(
    '/require-password-change',
  ),
  'GET /api/v1/auth/users/{userId}/sessions': personCell('/sessions'),
  'DELETE /api/v1/auth/users/{userId}/sessions': personCell('/sessions'),
  'DELETE /api/v1/auth/users/{userId}/sessions/{sessionId}': personCell('', {
    path: ({ colleague, colleagueSessionId }) =>
      `/api/v1/auth/users/${colleague.userId}/sessions/${colleagueSessionId}`,
  }),
  'GET /api/v1/auth/permissions': { allowed: SIGNED_IN, status: 200 },
  'GET /api/v1/auth/roles': { allowed: ['admin'], status: 200 },
  'POST /api/v1/auth/roles': {
    allowed: ['admin'],
    status: 201,
    body: () => ({ name: 'Auditor', permissions: ['view_audit'] }),
  },
  'GET /api/v1/auth/roles/{roleId}': roleCell(),
  'PATCH /api/v1/auth/roles/{roleId}': roleCell({ body: () => ({ name: 'Auditor' }) }),
  'DELETE /api/v1/auth/roles/{roleId}': roleCell(),
};

function sessionIdOf({ tokens }: Login): string {
  const payload = Buffer.from(tokens.accessToken.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { session_id: string }).session_id;
}

let service: ServiceFixture;
let platformId: string;

beforeAll(async () => {
  service = await ServiceFixture.start();
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
  const { host, tenantId } =
    caller === 'operator' ? { host: 'platform.localhost', tenantId: platformId } : own;
  const role = caller === 'anonymous' ? 'user' : caller === 'operator' ? 'admin' : caller;
  const user = await service.user(tenantId, { role });
  const colleague = await service.user(tenantId, { role: 'user' });
  return {
    host,
    tenantId,
    caller: user,
    login: await service.login(host, user),
    colleague,
    colleagueSessionId: sessionIdOf(await service.login(host, colleague)),
    roleId: await seedRole(tenantId),
    target: await service.tenant({ status: targetStatus }),
    invited: await seedInvitations(tenantId),
    activation: await inviteOperator(),
  };
}

async function seedRole(tenantId: string): Promise<string> {
  const [role] = await service.sql<{ id: string }>(
    `INSERT INTO tenant_roles (tenant_id, name) VALUES ($1, $2) RETURNING id`,
    [tenantId, `Guest ${randomUUID()}`.slice(0, 50)],
  );
  return role?.id ?? '';
}

async function seedInvitations(tenantId: string): Promise<Scene['invited']> {
  const [invitationId, linkId] = [randomUUID(), randomUUID()];
  const { token, tokenHash } = newInvitationToken('person');
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

function expectedOutcome(cell: Cell, caller: Caller): string {
  if (cell.allowed.includes(caller)) return `${cell.status}`;
  return caller === 'anonymous' ? '401 TOKEN_REQUIRED' : '403 INSUFFICIENT_PERMISSIONS';
}

describe('who may call what', () => {
  it('is written down for every route of the document, and for no other', () => {
    const routes = operationsOf(createOpenApiDocument(service.app, API_DESCRIPTION)).map(
      ({ name }) => name,
    );
    expect(Object.keys(MATRIX).sort()).toEqual(routes.sort());
  });

  describe.each(Object.entries(MATRIX))('%s', (name, cell) => {
    const [method = '', template = ''] = name.split(' ');

    const isPlatform = template.startsWith('/api/v1/platform/');

    it.each(isPlatform ? [...CALLERS, 'operator' as const] : CALLERS)('as %s', async (caller) => {
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
      const code = response.statusCode < 400 ? '' : ` ${response.json<{ code: string }>().code}`;
      expect(`${response.statusCode}${code}`).toBe(expectedOutcome(cell, caller));
    });
  });

  it('is stated by every handler of the service itself, so that none is open or shut by accident', () => {
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
