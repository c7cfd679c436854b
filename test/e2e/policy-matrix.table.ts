import { randomUUID } from 'node:crypto';
import { ROLES, type Role, type TenantStatus } from '@poc-tracker/contracts';
import type { SeededUser } from '@poc-tracker/testing';
import { GOOD_PASSWORD, type Login } from './service.fixture.js';

/** An `operator` is an admin of the platform tenant. */
export type Caller = 'anonymous' | 'operator' | Role;

export interface Scene {
  host: string;
  tenantId: string;
  subdomain: string;
  caller: SeededUser;
  login: Login;
  /** Another user of the tenant, with role user. */
  colleague: SeededUser;
  /** A session of that user. */
  colleagueSessionId: string;
  /** The refresh token of the caller. */
  sessionId: string;
  /** An entry of the tenant's audit log. */
  auditEntryId: string;
  /** A domain that the tenant has requested, with its DNS record published. */
  domainId: string;
  /** A test mail of the tenant, and an address that it sends no mails to. */
  mail: { testMailId: string; suppressionId: string };
  /** A custom role of the tenant that no user has. */
  roleId: string;
  /** A tenant other than the caller's, as the target of operators. */
  target: { tenantId: string; subdomain: string; /** Of one of its users. */ email: string };
  /** An open invitation and an invitation link, both by an admin of the tenant. */
  invited: { invitationId: string; token: string; linkId: string };
  /** A factor of the caller. */
  factorId: string;
  /** An authenticator app of the caller that is still to be confirmed, with its current code. */
  pendingTotp: { id: string; code: string };
  /** The secret that activates an operator. */
  activation: { email: string; secret: string };
}

export interface Cell {
  /** The callers that succeed. Others are refused: 401 without a token, 403 with one. */
  allowed: readonly Caller[];
  status: number;
  /** The error of a route that accepts no user's token, for every caller. */
  code?: string;
  path?: (scene: Scene) => string;
  body?: (scene: Scene) => unknown;
  /** What an operator gets, if that is not what the others get. */
  asOperator?: string;
  /** The status of an operator's target; active by default. */
  target?: TenantStatus;
}

export const CALLERS: readonly Caller[] = ['anonymous', ...ROLES];
const LOGGED_IN: readonly Caller[] = ROLES;
const MANAGERS_AND_ADMINS: readonly Caller[] = ['manager', 'admin'];
const ADMINS: readonly Caller[] = ['admin'];
const OPERATORS: readonly Caller[] = ['operator'];

/** A platform route below one tenant. */
function platformCell(path: string, cell: Partial<Cell> = {}): Cell {
  return {
    allowed: OPERATORS,
    status: 200,
    path: ({ target }) => `/api/v1/platform/tenants/${target.tenantId}${path}`,
    ...cell,
  };
}

/** A route of another user of the tenant. */
function userCell(path: string, cell: Partial<Cell> = {}): Cell {
  return {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: ({ colleague }) => `/api/v1/auth/users/${colleague.userId}${path}`,
    ...cell,
  };
}

/** A route of a custom role. */
function roleCell(cell: Partial<Cell> = {}): Cell {
  return {
    allowed: ADMINS,
    status: 200,
    path: ({ roleId }) => `/api/v1/auth/roles/${roleId}`,
    ...cell,
  };
}

/** A route of a factor of the caller. */
function factorCell(cell: Partial<Cell> = {}): Cell {
  return {
    allowed: LOGGED_IN,
    status: 200,
    path: ({ factorId }) => `/api/v1/auth/factors/${factorId}`,
    ...cell,
  };
}

/** A route of one invitation. */
function invitationCell(path: string): Cell {
  return {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: ({ invited }) => `/api/v1/auth/invitations/${invited.invitationId}${path}`,
  };
}

/** A route of one invitation link. */
function invitationLinkCell(path: string): Cell {
  return {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    path: ({ invited }) => `/api/v1/auth/invitation-links/${invited.linkId}${path}`,
  };
}

/** A route of a domain that the tenant has requested. */
function domainCell(path: string): Cell {
  return {
    allowed: ADMINS,
    status: 200,
    path: ({ domainId }) => `/api/v1/tenants/current/domains/${domainId}${path}`,
  };
}

/** A route that sends a mail to an address, if it has an account. */
function forgottenCell(): Cell {
  return { allowed: CALLERS, status: 202, body: ({ caller }) => ({ email: caller.email }) };
}

/** A route for the token of a link, which says who the user is: this one says nothing to any caller. */
function linkCell(body: object = {}): Cell {
  return {
    allowed: CALLERS,
    status: 400,
    code: 'INVALID_LINK',
    body: () => ({ token: 'pto1_unknown', ...body }),
  };
}

/** A way to log in that a tenant has to enable. */
function disabledLoginCell(body: { token?: string; code?: string }): Cell {
  return {
    allowed: CALLERS,
    status: 403,
    code: 'LOGIN_METHOD_DISABLED',
    body: ({ caller: { email } }) => ('token' in body ? body : { email, ...body }),
  };
}

const REASON = { body: () => ({ reason: 'unpaid' }) };

export function uniqueEmail(): string {
  return `${randomUUID()}@example.com`;
}

/** Who may call which route. Written by hand, because a table derived from the code would agree with every mistake. */
export const MATRIX: Record<string, Cell> = {
  'GET /.well-known/jwks.json': { allowed: CALLERS, status: 200 },
  'GET /.well-known/webauthn': { allowed: CALLERS, status: 200 },
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
  'GET /api/v1/tenants/settings/catalogue': { allowed: LOGGED_IN, status: 200 },
  'GET /api/v1/tenants/current': { allowed: LOGGED_IN, status: 200 },
  'GET /api/v1/tenants/current/usage': { allowed: MANAGERS_AND_ADMINS, status: 200 },
  'GET /api/v1/tenants/current/rate-limits': { allowed: ADMINS, status: 200 },
  'GET /api/v1/tenants/current/entitlements': { allowed: LOGGED_IN, status: 200 },
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
  'GET /api/v1/tenants/current/settings': { allowed: LOGGED_IN, status: 200 },
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
  'GET /api/v1/tenants/current/mail': { allowed: ADMINS, status: 200 },
  'PUT /api/v1/tenants/current/mail': {
    allowed: ADMINS,
    status: 200,
    body: () => ({ replyTo: uniqueEmail() }),
  },
  'DELETE /api/v1/tenants/current/mail': { allowed: ADMINS, status: 200 },
  'POST /api/v1/tenants/current/mail/test': { allowed: ADMINS, status: 201 },
  'GET /api/v1/tenants/current/mail/test/{mailId}': {
    allowed: ADMINS,
    status: 200,
    path: ({ mail }) => `/api/v1/tenants/current/mail/test/${mail.testMailId}`,
  },
  'GET /api/v1/tenants/current/mail/templates': { allowed: ADMINS, status: 200 },
  'PUT /api/v1/tenants/current/mail/templates/{kind}/{locale}': {
    allowed: ADMINS,
    status: 200,
    path: () => '/api/v1/tenants/current/mail/templates/test_mail/pt-BR',
    body: () => ({ subject: 'Test', body: 'It works.' }),
  },
  'DELETE /api/v1/tenants/current/mail/templates/{kind}/{locale}': {
    allowed: ADMINS,
    status: 200,
    path: () => '/api/v1/tenants/current/mail/templates/test_mail/pt-BR',
  },
  'GET /api/v1/tenants/current/mail/suppressions': { allowed: ADMINS, status: 200 },
  'DELETE /api/v1/tenants/current/mail/suppressions/{suppressionId}': {
    allowed: ADMINS,
    status: 200,
    path: ({ mail }) => `/api/v1/tenants/current/mail/suppressions/${mail.suppressionId}`,
  },
  // For the mail provider, which signs. There is no such route without MAIL_WEBHOOK_SECRET.
  'POST /api/v1/mail/events': { allowed: CALLERS, status: 404, code: 'NOT_FOUND' },
  'GET /api/v1/audit': { allowed: ADMINS, status: 200 },
  'GET /api/v1/audit/export': { allowed: ADMINS, status: 200 },
  'GET /api/v1/audit/head': { allowed: ADMINS, status: 200 },
  'GET /api/v1/audit/{entryId}': {
    allowed: ADMINS,
    status: 200,
    path: ({ auditEntryId }) => `/api/v1/audit/${auditEntryId}`,
  },
  // For service clients: a user's token is refused.
  'POST /api/v1/oauth/introspect': { allowed: CALLERS, status: 401, code: 'invalid_client' },
  'POST /api/v1/oauth/revoke': { allowed: CALLERS, status: 401, code: 'invalid_client' },
  'GET /api/v1/oauth/revocations': { allowed: CALLERS, status: 401, code: 'invalid_client' },
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
  'POST /api/v1/auth/register/confirm': linkCell({ password: GOOD_PASSWORD }),
  'POST /api/v1/auth/login': {
    allowed: CALLERS,
    status: 200,
    body: ({ caller }) => ({ email: caller.email, password: caller.password }),
  },
  // The tenants of the matrix have not enabled them.
  'POST /api/v1/auth/magic-link': disabledLoginCell({}),
  'POST /api/v1/auth/magic-link/login': disabledLoginCell({ token: 'pto1_unknown' }),
  'POST /api/v1/auth/code': disabledLoginCell({}),
  'POST /api/v1/auth/code/login': disabledLoginCell({ code: '000000' }),
  'POST /api/v1/auth/login/factor': {
    allowed: CALLERS,
    status: 401,
    code: 'INVALID_CHALLENGE',
    body: () => ({ challengeToken: 'x', totp: '123456' }),
  },
  'POST /api/v1/auth/login/factor/email': {
    allowed: CALLERS,
    status: 401,
    code: 'INVALID_CHALLENGE',
    body: () => ({ challengeToken: 'x' }),
  },
  'POST /api/v1/auth/login/passkey': {
    allowed: CALLERS,
    status: 400,
    code: 'VALIDATION_ERROR',
    body: () => ({ passkey: {} }),
  },
  'POST /api/v1/auth/step-up': {
    allowed: LOGGED_IN,
    status: 200,
    body: ({ caller }) => ({ password: caller.password }),
  },
  'POST /api/v1/auth/refresh': {
    allowed: CALLERS,
    status: 200,
    body: ({ login }) => ({ refreshToken: login.tokens.refreshToken }),
  },
  'POST /api/v1/auth/logout': { allowed: LOGGED_IN, status: 200 },
  'GET /api/v1/auth/me': { allowed: LOGGED_IN, status: 200 },
  'PUT /api/v1/auth/me': { allowed: LOGGED_IN, status: 200, body: () => ({ firstName: 'Rui' }) },
  'PUT /api/v1/auth/password': {
    allowed: LOGGED_IN,
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
  'GET /api/v1/auth/factors': { allowed: LOGGED_IN, status: 200 },
  'POST /api/v1/auth/factors/totp': { allowed: LOGGED_IN, status: 201, body: () => ({}) },
  'POST /api/v1/auth/factors/totp/{id}/confirm': factorCell({
    path: ({ pendingTotp }) => `/api/v1/auth/factors/totp/${pendingTotp.id}/confirm`,
    body: ({ pendingTotp }) => ({ code: pendingTotp.code }),
  }),
  'POST /api/v1/auth/factors/passkeys/options': { allowed: LOGGED_IN, status: 200 },
  // Only a browser makes a credential; see test/e2e/factors/passkeys.spec.ts.
  'POST /api/v1/auth/factors/passkeys': {
    allowed: LOGGED_IN,
    status: 400,
    code: 'VALIDATION_ERROR',
    body: () => ({}),
  },
  'POST /api/v1/auth/passkeys/options': { allowed: CALLERS, status: 200, body: () => ({}) },
  'POST /api/v1/auth/factors/recovery-codes': { allowed: LOGGED_IN, status: 201 },
  'PATCH /api/v1/auth/factors/{id}': factorCell({ body: () => ({ name: 'Phone' }) }),
  'DELETE /api/v1/auth/factors/{id}': factorCell(),
  'POST /api/v1/auth/password/forgot': forgottenCell(),
  'POST /api/v1/auth/password/reset': linkCell({ newPassword: GOOD_PASSWORD }),
  'PUT /api/v1/auth/email': {
    allowed: LOGGED_IN,
    status: 202,
    body: () => ({ newEmail: uniqueEmail() }),
  },
  'POST /api/v1/auth/email/send-verification': { allowed: LOGGED_IN, status: 202 },
  'POST /api/v1/auth/email/verify': linkCell(),
  'POST /api/v1/auth/email/confirm': linkCell(),
  'POST /api/v1/auth/email/undo': linkCell(),
  'GET /api/v1/auth/sessions': { allowed: LOGGED_IN, status: 200 },
  'DELETE /api/v1/auth/sessions': { allowed: LOGGED_IN, status: 200 },
  'DELETE /api/v1/auth/sessions/{id}': {
    allowed: LOGGED_IN,
    status: 200,
    path: ({ sessionId }) => `/api/v1/auth/sessions/${sessionId}`,
  },
  'POST /api/v1/auth/invitations': {
    allowed: MANAGERS_AND_ADMINS,
    status: 201,
    body: () => ({ email: uniqueEmail(), role: 'viewer' }),
  },
  'POST /api/v1/auth/invitations/bulk': {
    allowed: MANAGERS_AND_ADMINS,
    status: 200,
    body: () => ({ invitations: [{ email: uniqueEmail(), role: 'viewer' }] }),
  },
  'POST /api/v1/auth/invitations/inspect': {
    allowed: CALLERS,
    status: 200,
    body: ({ invited }) => ({ token: invited.token }),
  },
  'GET /api/v1/auth/invitations': { allowed: MANAGERS_AND_ADMINS, status: 200 },
  'GET /api/v1/auth/invitations/{invitationId}': invitationCell(''),
  'DELETE /api/v1/auth/invitations/{invitationId}': invitationCell(''),
  'POST /api/v1/auth/invitations/{invitationId}/resend': invitationCell('/resend'),
  'POST /api/v1/auth/invitation-links': {
    allowed: MANAGERS_AND_ADMINS,
    status: 201,
    body: () => ({ role: 'viewer', quota: 2 }),
  },
  'GET /api/v1/auth/invitation-links': { allowed: MANAGERS_AND_ADMINS, status: 200 },
  'GET /api/v1/auth/invitation-links/{linkId}': invitationLinkCell(''),
  'DELETE /api/v1/auth/invitation-links/{linkId}': invitationLinkCell(''),
  'GET /api/v1/auth/invitation-links/{linkId}/uses': invitationLinkCell('/uses'),
  'GET /api/v1/auth/colleagues': { allowed: LOGGED_IN, status: 200 },
  'GET /api/v1/auth/users': { allowed: MANAGERS_AND_ADMINS, status: 200 },
  // Public, and at the address of the platform only.
  'POST /api/v1/platform/operators/activate': {
    allowed: CALLERS,
    status: 404,
    code: 'NOT_FOUND',
    asOperator: '200',
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
  'GET /api/v1/platform/tenants/{tenantId}/rate-limits': platformCell('/rate-limits'),
  'PUT /api/v1/platform/tenants/{tenantId}/rate-limits': platformCell('/rate-limits', {
    body: () => ({ rules: [{ name: 'uploads:user', value: '60/60' }], shadow: [] }),
  }),
  'PATCH /api/v1/platform/tenants/{tenantId}/plan': platformCell('/plan', {
    body: () => ({ plan: 'pro' }),
  }),
  'POST /api/v1/platform/tenants/{tenantId}/unlock-user': platformCell('/unlock-user', {
    body: ({ target }) => ({ email: target.email }),
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
    allowed: MANAGERS_AND_ADMINS,
    status: 201,
    body: () => ({ email: uniqueEmail(), firstName: 'Rui', lastName: 'Lima', role: 'viewer' }),
  },
  'GET /api/v1/auth/users/{userId}': userCell(''),
  'PATCH /api/v1/auth/users/{userId}': userCell('', { body: () => ({ firstName: 'Rui' }) }),
  'DELETE /api/v1/auth/users/{userId}': userCell(''),
  'POST /api/v1/auth/users/{userId}/suspend': userCell('/suspend'),
  'POST /api/v1/auth/users/{userId}/deactivate': userCell('/deactivate'),
  'POST /api/v1/auth/users/{userId}/reactivate': userCell('/reactivate'),
  'POST /api/v1/auth/users/{userId}/unlock': userCell('/unlock'),
  'POST /api/v1/auth/users/{userId}/role': userCell('/role', {
    body: () => ({ role: 'viewer' }),
  }),
  'POST /api/v1/auth/users/{userId}/reset-password': userCell('/reset-password'),
  'POST /api/v1/auth/users/{userId}/send-password-reset': userCell('/send-password-reset', {
    status: 202,
  }),
  'POST /api/v1/auth/users/{userId}/require-password-change': userCell('/require-password-change'),
  'GET /api/v1/auth/users/{userId}/factors': userCell('/factors'),
  'DELETE /api/v1/auth/users/{userId}/factors': userCell('/factors'),
  'GET /api/v1/auth/users/{userId}/sessions': userCell('/sessions'),
  'DELETE /api/v1/auth/users/{userId}/sessions': userCell('/sessions'),
  'DELETE /api/v1/auth/users/{userId}/sessions/{sessionId}': userCell('', {
    path: ({ colleague, colleagueSessionId }) =>
      `/api/v1/auth/users/${colleague.userId}/sessions/${colleagueSessionId}`,
  }),
  'GET /api/v1/auth/permissions': { allowed: LOGGED_IN, status: 200 },
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
