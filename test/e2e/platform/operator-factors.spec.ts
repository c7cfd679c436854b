import { randomBytes, randomUUID } from 'node:crypto';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scheduler } from '../../../apps/auth-service/src/schedule/scheduler.js';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import type { OperatorInvitation } from '../../../apps/auth-service/src/platform/operators/operator.service.js';
import { addTotp, eventsOf, stepUp, totpCode } from '../factors/factors.fixture.js';
import { answerChallenge, challengeOf } from '../second-factor/second-factor.fixture.js';
import { GOOD_PASSWORD, ServiceFixture } from '../service.fixture.js';
import { workspaceOf } from '../users/users.fixture.js';
import { PLATFORM_HOST } from './platform.fixture.js';

const DATA_KEYS = `cli:${randomBytes(32).toString('base64')}`;

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start({ OPERATOR_MFA: 'required', DATA_KEYS });
  await service.holdJob('require-operator-factors');
});

afterAll(async () => {
  await service?.stop();
});

const cli = (...argv: string[]) => cliOn(service.database, { DATA_KEYS })('operators', ...argv);

/** Activates an operator at an instance and logs in. */
async function operatorOn(instance: ServiceFixture) {
  const email = `${randomUUID()}@ops.example`;
  const { secret } = (await cli('create', '--email', email, '--json')).json() as OperatorInvitation;
  const activated = await instance.call('POST', '/platform/operators/activate', {
    host: PLATFORM_HOST,
    body: { email, secret, password: GOOD_PASSWORD },
  });
  if (activated.status !== 200) throw new Error(activated.text);
  const { user, tokens } = await instance.login(PLATFORM_HOST, { email, password: GOOD_PASSWORD });
  return {
    email,
    password: GOOD_PASSWORD,
    userId: user.id,
    token: tokens.accessToken,
    refreshToken: tokens.refreshToken,
  };
}

const listTenants = async (token: string): Promise<string> => {
  const answer = await service.call('GET', '/platform/tenants', { token });
  return answer.status === 200 ? 'accepted' : answer.error.code;
};

const platformId = async () =>
  (await service.sql<{ id: string }>('SELECT id FROM tenants WHERE is_platform'))[0]?.id ?? '';

describe('An operator of an instance that requires second factors', () => {
  it('can only enroll one after the first log-in, and then works in the same session', async () => {
    const operator = await operatorOn(service);
    const { join } = await workspaceOf(service);
    expect(await listTenants(operator.token)).toBe('FACTOR_ENROLLMENT_REQUIRED');
    await addTotp(service, operator.token);
    expect(await listTenants(operator.token)).toBe('accepted');
    const colleagues = { token: (await join('admin')).token };
    expect((await service.call('GET', '/auth/colleagues', colleagues)).status).toBe(200);
  });

  it('is asked for it at the next log-in, and cannot remove the last one', async () => {
    const operator = await operatorOn(service);
    const { secret, factor } = await addTotp(service, operator.token);
    const { challengeToken } = await challengeOf(service, PLATFORM_HOST, operator);
    const totp = totpCode(secret);
    const answer = await answerChallenge(service, PLATFORM_HOST, challengeToken, { totp });
    expect(await listTenants(answer.data.tokens.accessToken)).toBe('accepted');
    const token = answer.data.tokens.accessToken;
    const removed = await service.call('DELETE', `/auth/factors/${factor.id}`, { token });
    expect(removed.error.code).toBe('LAST_FACTOR');
  });

  it('cannot switch the requirement off, neither by a route nor with the login of the service', async () => {
    const operator = await operatorOn(service);
    await addTotp(service, operator.token);
    const token = await stepUp(service, operator);
    const body = { security: { requireMFA: false } };
    const refused = await service.call('PATCH', '/tenants/current/settings', { token, body });
    expect([refused.status, refused.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    const tenantId = await platformId();
    const context = {
      tenantId,
      userId: operator.userId,
      role: 'admin',
      permissions: ['manage_settings'],
    } as const;
    const database = service.app.get(TenantDatabase);
    const updated = database.transaction(context, () =>
      database.query(`UPDATE tenant_settings SET setting_value = '{}' RETURNING setting_key`),
    );
    await expect(updated).rejects.toMatchObject({ constraint: 'platform_tenant_reserved' });
    const colleague = await operatorOn(service);
    expect(await listTenants(colleague.token)).toBe('FACTOR_ENROLLMENT_REQUIRED');
  });
});

describe('A database whose operators did not need a second factor', () => {
  it('requires it in their sessions once an instance that requires it has started', async () => {
    const lax = await ServiceFixture.start({ DATA_KEYS });
    const strict = await ServiceFixture.start({ OPERATOR_MFA: 'required' }, lax.database);
    try {
      await lax.holdJob('require-operator-factors');
      const run = await cliOn(lax.database)(
        'operators',
        'create',
        '--email',
        'a@ops.example',
        '--json',
      );
      const { secret } = run.json() as OperatorInvitation;
      const account = { email: 'a@ops.example', password: GOOD_PASSWORD };
      const body = { ...account, secret };
      await lax.call('POST', '/platform/operators/activate', { host: PLATFORM_HOST, body });
      const token = (await lax.login(PLATFORM_HOST, account)).tokens.accessToken;
      const list = () => lax.call('GET', '/platform/tenants', { token });
      expect((await list()).status).toBe(200);
      await lax.sql(
        `UPDATE tenant_settings SET setting_value = setting_value || '{"mfaRoles": ["viewer"]}' WHERE setting_key = 'security'`,
      );
      await lax.sql(`DELETE FROM scheduled_jobs WHERE name = 'require-operator-factors'`);
      await strict.app.get(Scheduler, { strict: false }).runIfDue('require-operator-factors');
      expect((await list()).error.code).toBe('FACTOR_ENROLLMENT_REQUIRED');
    } finally {
      await strict.app.close();
      await lax.stop();
    }
  });
});

describe('operators reset-factors', () => {
  it('removes the factors, ends the sessions, and leaves a mail and an entry in the audit log', async () => {
    const operator = await operatorOn(service);
    const other = await operatorOn(service);
    for (const { token } of [operator, other]) await addTotp(service, token);
    const run = await cli('reset-factors', '--email', operator.email, '--json');
    expect([run.code, run.json()]).toEqual([0, { email: operator.email, removed: ['totp'] }]);
    expect(await service.probe(operator.token)).toBe('TOKEN_REVOKED');
    const { tokens } = await service.login(PLATFORM_HOST, operator);
    expect(await listTenants(tokens.accessToken)).toBe('FACTOR_ENROLLMENT_REQUIRED');
    expect(await listTenants(other.token)).toBe('accepted');
    const mails = await service.sql<{ kind: string }>(
      'SELECT kind FROM outgoing_mails WHERE email = $1 ORDER BY id',
      [operator.email],
    );
    expect(mails.map(({ kind }) => kind)).toContain('factors_reset');
    expect(await eventsOf(service, await platformId())).toEqual(
      expect.arrayContaining(['factor.reset', 'operator.accessed']),
    );
  });

  it('finds operators only, and no users of a tenant', async () => {
    const user = await (await workspaceOf(service)).join('admin');
    await addTotp(service, user.token);
    const run = await cli('reset-factors', '--email', user.email);
    expect([run.code, run.err]).toEqual([1, `${user.email} is not an operator.\n`]);
    expect(await service.probe(user.token)).toBe('accepted');
    const factors = await service.sql('SELECT FROM user_factors WHERE user_id = $1', [user.userId]);
    expect(factors).toHaveLength(1);
  });

  it('needs the data keys, which encrypt the mail', async () => {
    const run = await cliOn(service.database)(
      'operators',
      'reset-factors',
      '--email',
      'a@b.example',
    );
    expect([run.code, run.err]).toEqual([2, expect.stringContaining('DATA_KEYS')]);
  });
});
