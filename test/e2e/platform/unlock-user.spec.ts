import { describe, expect, it } from 'vitest';
import { auditLogOn, failCommitsOf } from '../audit/audit.fixture.js';
import { asOperator, operator, service, usePlatform } from './platform.fixture.js';

usePlatform();

async function lockedUser() {
  const { host, tenantId } = await service.tenant();
  const user = await service.user(tenantId);
  const admin = await service.user(tenantId, { role: 'admin' });
  const { tokens } = await service.login(host, admin);
  const logIn = async (password = user.password) => {
    const body = { email: user.email, password };
    return (await service.call('POST', '/auth/login', { host, body })).status;
  };
  const fail = async (times: number) => {
    for (let done = 0; done < times; done += 1) await logIn('not the password at all');
  };
  await fail(6);
  expect(await logIn()).toBe(401);
  const unlock = (email: string) =>
    asOperator('POST', `/tenants/${tenantId}/unlock-user`, { email });
  const entries = (type: string) => auditLogOn(service, tokens.accessToken, { type });
  return { tenantId, user, logIn, fail, unlock, entries };
}

describe('An operator', () => {
  it('unlocks a user of a tenant, which the audit log of the tenant records', async () => {
    const { user, logIn, unlock, entries } = await lockedUser();
    const { userId, email } = user;
    const unlocked = await unlock(email.toUpperCase());
    expect(unlocked).toMatchObject({ status: 200, data: { userId, unlocked: true } });
    expect(await logIn()).toBe(200);
    const again = await unlock(email);
    expect(again).toMatchObject({ status: 200, data: { userId, unlocked: false } });
    expect((await unlock('nowhere@example.com')).status).toBe(404);
    const found = await entries('account.unlocked');
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).toContain(operator.user.id);
    expect(JSON.stringify(await entries('operator.accessed'))).toContain(userId);
  });

  it('resets the count of failures of a user who is not locked', async () => {
    const { user, logIn, fail, unlock } = await lockedUser();
    await unlock(user.email);
    await fail(5);
    await unlock(user.email);
    await fail(5);
    expect(await logIn()).toBe(200);
  });

  it('resets the attempts that the rate limit has counted for the account', async () => {
    const { host, tenantId } = await service.tenant();
    const { email, password } = await service.user(tenantId);
    const rules = [{ name: 'login:user', value: '1/900' }];
    await asOperator('PUT', `/tenants/${tenantId}/rate-limits`, { rules, shadow: [] });
    const logIn = async () =>
      (await service.call('POST', '/auth/login', { host, body: { email, password } })).status;
    expect([await logIn(), await logIn()]).toEqual([200, 429]);
    expect((await asOperator('POST', `/tenants/${tenantId}/unlock-user`, { email })).status).toBe(
      200,
    );
    expect(await logIn()).toBe(200);
  });

  it('leaves a user locked if the commit fails', async () => {
    const { tenantId, user, logIn, unlock, entries } = await lockedUser();
    await failCommitsOf(service, tenantId, 'account.unlocked');
    expect((await unlock(user.email)).status).toBe(500);
    expect(await logIn()).toBe(401);
    expect(await entries('account.unlocked')).toEqual([]);
  });
});
