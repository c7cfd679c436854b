import { API_DESCRIPTION } from '../../apps/auth-service/src/app.setup.js';
import { ROLES, type Role } from '@poc-tracker/contracts';
import { type RoutePolicy, ROUTE_POLICY } from '@poc-tracker/auth-kit';
import { DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import type { SeededUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOpenApiDocument, operationsOf } from '@poc-tracker/http-service';
import { GOOD_PASSWORD, type Login, ServiceFixture } from './service.fixture.js';

type Caller = 'anonymous' | Role;

interface Scene {
  host: string;
  tenantId: string;
  caller: SeededUser;
  login: Login;
  /** Another person of the tenant, of role user. */
  colleague: SeededUser;
}

interface Cell {
  /** Who gets the answer of success; everybody else is refused: 401 without a token, 403 with one. */
  allowed: readonly Caller[];
  status: number;
  path?: (scene: Scene) => string;
  body?: (scene: Scene) => unknown;
}

const CALLERS: readonly Caller[] = ['anonymous', ...ROLES];
const SIGNED_IN: readonly Caller[] = ROLES;
const OVERSEERS: readonly Caller[] = ['manager', 'admin'];

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
  'GET /api/v1/auth/sessions': { allowed: SIGNED_IN, status: 200 },
  'DELETE /api/v1/auth/sessions': { allowed: SIGNED_IN, status: 200 },
  'DELETE /api/v1/auth/sessions/{id}': {
    allowed: SIGNED_IN,
    status: 200,
    path: ({ login }) => `/api/v1/auth/sessions/${sessionIdOf(login)}`,
  },
  'GET /api/v1/auth/users': { allowed: OVERSEERS, status: 200 },
  'POST /api/v1/auth/users/{userId}/role': {
    allowed: OVERSEERS,
    status: 200,
    path: ({ colleague }) => `/api/v1/auth/users/${colleague.userId}/role`,
    body: () => ({ role: 'viewer' }),
  },
};

function sessionIdOf({ tokens }: Login): string {
  const payload = Buffer.from(tokens.accessToken.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { session_id: string }).session_id;
}

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service.stop();
});

async function scene(caller: Caller): Promise<Scene> {
  const { host, tenantId } = await service.tenant({ maxUsers: 100 });
  const role = caller === 'anonymous' ? 'user' : caller;
  const user = await service.user(tenantId, { role });
  return {
    host,
    tenantId,
    caller: user,
    login: await service.login(host, user),
    colleague: await service.user(tenantId, { role: 'user' }),
  };
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

    it.each(CALLERS)('as %s', async (caller) => {
      const current = await scene(caller);
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
