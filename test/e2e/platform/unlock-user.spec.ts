import { expect, it } from 'vitest';
import { auditLogOn } from '../audit/audit.fixture.js';
import { asOperator, operator, service, usePlatform } from './platform.fixture.js';

usePlatform();

it('An operator unlocks a user of a tenant, which the audit log of the tenant records', async () => {
  const { host, tenantId } = await service.tenant();
  const user = await service.user(tenantId);
  const admin = await service.user(tenantId, { role: 'admin' });
  const { tokens } = await service.login(host, admin);
  const logIn = (password: string) =>
    service.call('POST', '/auth/login', { host, body: { email: user.email, password } });
  for (let done = 0; done < 6; done += 1) await logIn('not the password at all');
  expect((await logIn(user.password)).status).toBe(401);

  const unlock = (email: string) =>
    asOperator('POST', `/tenants/${tenantId}/unlock-user`, { email });
  const { userId } = user;
  expect(await unlock(user.email.toUpperCase())).toMatchObject({
    status: 200,
    data: { userId, unlocked: true },
  });
  expect((await logIn(user.password)).status).toBe(200);
  expect(await unlock(user.email)).toMatchObject({
    status: 200,
    data: { userId, unlocked: false },
  });
  expect((await unlock('nowhere@example.com')).status).toBe(404);

  const query = { type: 'account.unlocked' };
  const entries = await auditLogOn(service, tokens.accessToken, query);
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries)).toContain(operator.user.id);
});
