import { ApiError, effectiveFeatures } from '@poc-tracker/contracts';
import { describe, expect, it } from 'vitest';
import { FakeSessionStatus } from '../../test/requests.js';
import { genuineClaims, TENANT } from '../../test/token-forge.js';
import { currentPrincipal } from './current-principal.js';
import { toPrincipal } from './principal.js';

const sessionStatus = new FakeSessionStatus();
const rights = { ...sessionStatus.rights, permissions: ['view_audit'] as const };
const principal = toPrincipal(genuineClaims(), rights);

describe('the principal of a long response', () => {
  it('has the rights of now', async () => {
    sessionStatus.rights = { ...rights, role: 'manager' };
    const current = await currentPrincipal(principal, sessionStatus, {});
    expect(current).toMatchObject({ userId: principal.userId, role: 'manager' });
  });

  it('is refused once the session has been revoked', async () => {
    sessionStatus.refusal = new ApiError('TOKEN_REVOKED');
    await expect(currentPrincipal(principal, sessionStatus, {})).rejects.toMatchObject({
      code: 'TOKEN_REVOKED',
    });
    sessionStatus.refusal = undefined;
  });

  it('is refused once a permission or a feature of the route is gone', async () => {
    sessionStatus.rights = { ...rights, permissions: [] };
    await expect(
      currentPrincipal(principal, sessionStatus, { permissions: ['view_audit'] }),
    ).rejects.toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' });
    const features = effectiveFeatures('basic', { api_access: false });
    sessionStatus.rights = { ...rights, tenant: { ...TENANT, features } };
    await expect(
      currentPrincipal(principal, sessionStatus, { features: ['api_access'] }),
    ).rejects.toMatchObject({ code: 'FEATURE_NOT_AVAILABLE' });
  });
});
