import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cliOn } from '../../../tools/cli/cli.fixture.js';
import { asOperator, operator, service, usePlatform } from './platform.fixture.js';

usePlatform();

/** To whom a tenant's mails about accesses of operators go. */
async function told(tenantId: string): Promise<string[]> {
  const mails = await service.sql<{ email: string }>(
    `SELECT email FROM outgoing_mails WHERE tenant_id = $1 AND kind = 'operator_access' ORDER BY id`,
    [tenantId],
  );
  return mails.map(({ email }) => email);
}

async function tenantWithUsers() {
  const { tenantId } = await service.tenant();
  const admins = [
    await service.user(tenantId, { role: 'admin' }),
    await service.user(tenantId, { role: 'admin' }),
  ];
  await service.user(tenantId, { role: 'manager' });
  await service.user(tenantId, { role: 'admin', status: 'suspended' });
  return { tenantId, emails: admins.map(({ email }) => email).sort() };
}

describe('An access of an operator', () => {
  it('is told to the active admins of the tenant by mail, once a day', async () => {
    const ours = await tenantWithUsers();
    const theirs = await tenantWithUsers();
    expect((await asOperator('GET', `/tenants/${ours.tenantId}`)).status).toBe(200);
    expect((await told(ours.tenantId)).sort()).toEqual(ours.emails);
    for (const path of ['', '/usage', '/rate-limits'])
      await asOperator('GET', `/tenants/${ours.tenantId}${path}`);
    expect(await told(ours.tenantId)).toHaveLength(2);
    expect(await told(theirs.tenantId)).toEqual([]);
  });

  it('is told again on the next day', async () => {
    const { tenantId, emails } = await tenantWithUsers();
    const yesterday = (Date.now() - 86_400_000).toString(16).padStart(12, '0');
    await service.sql(
      `INSERT INTO security_events (tenant_id, id, type, result, actor_id, actor_kind, details)
       VALUES ($1, $2, 'operator.accessed', 'success', $3, 'operator', '{"action": "read"}')`,
      [
        tenantId,
        `${yesterday.slice(0, 8)}-${yesterday.slice(8)}-7000-8000-000000000000`,
        operator.user.id,
      ],
    );
    await asOperator('GET', `/tenants/${tenantId}`);
    expect((await told(tenantId)).sort()).toEqual(emails);
  });

  it('is told once although several accesses happen at once', async () => {
    const { tenantId, emails } = await tenantWithUsers();
    await Promise.all(
      Array.from({ length: 8 }, () => asOperator('GET', `/tenants/${tenantId}/usage`)),
    );
    expect((await told(tenantId)).sort()).toEqual(emails);
  });

  it('is told for each operator, and also if it is refused', async () => {
    const { tenantId, emails } = await tenantWithUsers();
    const refused = await asOperator('POST', `/tenants/${tenantId}/reactivate`, {
      reason: 'Ticket 4711',
    });
    expect(refused.error.code).toBe('INVALID_TRANSITION');
    expect((await told(tenantId)).sort()).toEqual(emails);
    const keys = { DATA_KEYS: `cli:${randomBytes(32).toString('base64')}` };
    const cli = cliOn(service.database, keys);
    const run = await cli('tenants', 'suspend', tenantId, '--reason', 'unpaid');
    expect([run.code, run.err]).toEqual([0, '']);
    expect(await told(tenantId)).toHaveLength(4);
  });

  it('is not told for a list of tenants', async () => {
    const { tenantId } = await tenantWithUsers();
    await asOperator('GET', '/tenants?limit=100');
    expect(await told(tenantId)).toEqual([]);
    await asOperator('GET', `/tenants/${tenantId}`);
    expect(await told(tenantId)).toHaveLength(2);
  });
});
