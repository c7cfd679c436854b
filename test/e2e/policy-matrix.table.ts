import { randomUUID } from 'node:crypto';
import { ROLES, type Role, type TenantStatus } from '@poc-tracker/contracts';
import type { SeededUser } from '@poc-tracker/testing';
import { GOOD_PASSWORD, type Login } from './service.fixture.js';

/** `operator`: an admin of the platform's own tenant. */
export type Caller = 'anonymous' | 'operator' | Role;

export interface Scene {
  host: string;
  tenantId: string;
  subdomain: string;
  caller: SeededUser;
  login: Login;
  /** Another person of the tenant, of role user. */
  colleague: SeededUser;
  /** A session of theirs. */
  colleagueSessionId: string;
  /** Of the log-in of the caller. */
  sessionId: string;
  /** An entry of the tenant's trail. */
  auditEntryId: string;
  /** A domain that the tenant has asked for, with its proof published. */
  domainId: string;
  /** A role of the tenant's own that nobody has. */
  roleId: string;
  /** Another tenant than the caller's, for operators to act on. */
  target: { tenantId: string; subdomain: string };
  /** An open invitation and a link for many, both by an admin of the tenant. */
  invited: { invitationId: string; token: string; linkId: string };
  /** What somebody becomes an operator with. */
  activation: { email: string; secret: string };
}

export interface Cell {
  /** Who gets the answer of success; everybody else is refused: 401 without a token, 403 with one. */
  allowed: readonly Caller[];
  status: number;
  /** Of the error with which a route that takes no person's token answers everybody. */
  code?: string;
  path?: (scene: Scene) => string;
  body?: (scene: Scene) => unknown;
  /** The state that the target of an operator is in; default active. */
  target?: TenantStatus;
}

export const CALLERS: readonly Caller[] = ['anonymous', ...ROLES];
const SIGNED_IN: readonly Caller[] = ROLES;
const OVERSEERS: readonly Caller[] = ['manager', 'admin'];
const ADMINS: readonly Caller[] = ['admin'];
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
    allowed: ADMINS,
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

/** A route of a domain that the tenant has asked for. */
function domainCell(path: string): Cell {
  return {
    allowed: ADMINS,
    status: 200,
    path: ({ domainId }) => `/api/v1/tenants/current/domains/${domainId}${path}`,
  };
}

const REASON = { body: () => ({ reason: 'unpaid' }) };

export function uniqueEmail(): string {
  return `${randomUUID()}@example.com`;
}

/** Who may call what. Written by hand: were it read from the code, it would agree with every mistake. */
export const MATRIX: Record<string, Cell> = {
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
  'GET /api/v1/tenants/branding': { allowed: CALLERS, status: 200 },
  'GET /api/v1/tenants/settings/catalogue': { allowed: SIGNED_IN, status: 200 },
  'GET /api/v1/tenants/current': { allowed: SIGNED_IN, status: 200 },
  'GET /api/v1/tenants/current/usage': { allowed: OVERSEERS, status: 200 },
  'GET /api/v1/tenants/current/entitlements': { allowed: SIGNED_IN, status: 200 },
  'PATCH /api/v1/tenants/current': {
    allowed: ADMINS,
    status: 200,
    body: () => ({ name: 'Initech' }),
  },
  'POST /api/v1/tenants/current/cancel': {
    allowed: ADMINS,
    status: 200,
    body: ({ subdomain }) => ({ reason: 'moved on', confirmSubdomain: subdomain }),
  },
  'GET /api/v1/tenants/current/settings': { allowed: SIGNED_IN, status: 200 },
  'PATCH /api/v1/tenants/current/settings': {
    allowed: ADMINS,
    status: 200,
    body: () => ({ theme: { darkMode: true } }),
  },
  'GET /api/v1/tenants/current/domains': { allowed: ADMINS, status: 200 },
  'POST /api/v1/tenants/current/domains': {
    allowed: ADMINS,
    status: 201,
    body: () => ({ domain: `${randomUUID()}.example.com` }),
  },
  'DELETE /api/v1/tenants/current/domains/{domainId}': domainCell(''),
  'POST /api/v1/tenants/current/domains/{domainId}/verify': domainCell('/verify'),
  'GET /api/v1/audit': { allowed: ADMINS, status: 200 },
  'GET /api/v1/audit/export': { allowed: ADMINS, status: 200 },
  'GET /api/v1/audit/head': { allowed: ADMINS, status: 200 },
  'GET /api/v1/audit/{entryId}': {
    allowed: ADMINS,
    status: 200,
    path: ({ auditEntryId }) => `/api/v1/audit/${auditEntryId}`,
  },
  // For services with credentials of their own: a person's token is of no use.
  'POST /api/v1/oauth/introspect': { allowed: CALLERS, status: 401, code: 'INVALID_CLIENT' },
  'POST /api/v1/oauth/revoke': { allowed: CALLERS, status: 401, code: 'INVALID_CLIENT' },
  'GET /api/v1/oauth/revocations': { allowed: CALLERS, status: 401, code: 'INVALID_CLIENT' },
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
    path: ({ sessionId }) => `/api/v1/auth/sessions/${sessionId}`,
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
  'GET /api/v1/auth/roles': { allowed: ADMINS, status: 200 },
  'POST /api/v1/auth/roles': {
    allowed: ADMINS,
    status: 201,
    body: () => ({ name: 'Auditor', permissions: ['view_audit'] }),
  },
  'GET /api/v1/auth/roles/{roleId}': roleCell(),
  'PATCH /api/v1/auth/roles/{roleId}': roleCell({ body: () => ({ name: 'Auditor' }) }),
  'DELETE /api/v1/auth/roles/{roleId}': roleCell(),
};
