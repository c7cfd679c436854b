import { describe, expect, it } from 'vitest';
import {
  openingStatement,
  type PlatformContext,
  platformOpeningStatement,
  type TenantContext,
} from './opening-statement.js';
import { BEGIN_PINNED_FOR_REQUEST } from './session-settings.js';

const TENANT = '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728';
const USER = '0192f0c1-8c2b-7a10-b1c2-d3e4f5061729';
const LIMITS = { statementTimeoutMs: 1_000.5, idleTimeoutMs: 2_000 };
const TIMEOUTS =
  'SET LOCAL statement_timeout = 1001; SET LOCAL idle_in_transaction_session_timeout = 2000';
const INJECTION = `${USER}'); DROP TABLE users; --`;

const acting: TenantContext = {
  tenantId: TENANT,
  userId: USER,
  role: 'user',
  permissions: ['manage_settings', 'create_pocs'],
};

describe('openingStatement', () => {
  it("sets a user's context and the timeouts for the transaction only", () => {
    expect(openingStatement(acting, LIMITS)).toBe(
      `BEGIN; SELECT set_user_context('${TENANT}', '${USER}', 'user', '{"manage_settings","create_pocs"}'); ${TIMEOUTS}`,
    );
  });

  it('states that a context without rights has no user, role or permission', () => {
    const context = { tenantId: TENANT, userId: null, role: null, permissions: [] };
    expect(openingStatement(context, LIMITS)).toContain(
      `set_user_context('${TENANT}', NULL, NULL, '{}');`,
    );
  });

  it.each([
    ['a tenant that is not a UUID', { tenantId: INJECTION }],
    ['an empty tenant', { tenantId: '' }],
    ['no tenant', { tenantId: null }],
    ['a user that is not a UUID', { userId: INJECTION }],
    ['an unknown role', { role: "user'" }],
    ['a permission with a quote', { permissions: [`a"}'); DROP TABLE users; --`] }],
  ])('refuses %s', (_what, wrong) => {
    expect(() => openingStatement({ ...acting, ...wrong } as TenantContext, LIMITS)).toThrow(
      /of a transaction must be/,
    );
  });
});

describe('platformOpeningStatement', () => {
  it('sets the tenant, the operator and the kind of actor, without a role', () => {
    const context = { tenantId: TENANT, operatorId: USER };
    expect(platformOpeningStatement(context, LIMITS, 'operator')).toBe(
      `${BEGIN_PINNED_FOR_REQUEST}; SELECT set_user_context('${TENANT}', '${USER}', NULL), ` +
        `set_config('app.actor_kind', 'operator', true); ${TIMEOUTS}`,
    );
  });

  it('leaves out the tenant and the operator where there is none', () => {
    const context = { tenantId: null, operatorId: null };
    expect(platformOpeningStatement(context, LIMITS, 'system')).toContain(
      'set_user_context(NULL, NULL, NULL)',
    );
  });

  it.each(['tenantId', 'operatorId'] as const)('refuses a %s that is not a UUID', (field) => {
    const none: PlatformContext = { tenantId: null, operatorId: null };
    for (const wrong of [INJECTION, '']) {
      expect(() =>
        platformOpeningStatement({ ...none, [field]: wrong }, LIMITS, 'operator'),
      ).toThrow('must be a UUID');
    }
  });
});
