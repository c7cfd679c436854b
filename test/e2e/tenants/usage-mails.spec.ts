import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageWarnings } from '../../../apps/auth-service/src/user/admins/usage-warnings.js';
import { ServiceFixture } from '../service.fixture.js';

let service: ServiceFixture;
let warnings: UsageWarnings;

beforeAll(async () => {
  service = await ServiceFixture.start();
  warnings = service.app.get(UsageWarnings, { strict: false });
});

afterAll(async () => {
  await service?.stop();
});

/** The kinds of mails of a tenant with their addresses, of which only admins get any. */
const told = (tenantId: string) =>
  service.sql<{ kind: string; email: string }>(
    'SELECT kind, email FROM outgoing_mails WHERE tenant_id = $1 ORDER BY id',
    [tenantId],
  );

/** A tenant with an admin and 7 of 10 users. */
async function tenant() {
  const { tenantId } = await service.tenant({ maxUsers: 10 });
  const { email } = await service.user(tenantId, { role: 'admin' });
  for (let count = 0; count < 6; count += 1) await service.user(tenantId);
  return { tenantId, email };
}

const remove = (tenantId: string) =>
  service.sql(
    `UPDATE users SET status = 'suspended' WHERE tenant_id = $1
        AND id = (SELECT id FROM users WHERE tenant_id = $1 AND role = 'user' AND status = 'active' LIMIT 1)`,
    [tenantId],
  );

describe('A limit of a tenant', () => {
  it('is told to its admins by mail when it comes near and when it is reached, and to no other tenant', async () => {
    const ours = await tenant();
    const theirs = await tenant();
    await warnings.tell();
    expect(await told(ours.tenantId)).toEqual([]);
    await service.user(ours.tenantId);
    await warnings.tell();
    const warning = { kind: 'limit_warning', email: ours.email };
    expect(await told(ours.tenantId)).toEqual([warning]);
    for (let count = 0; count < 2; count += 1) await service.user(ours.tenantId);
    await warnings.tell();
    expect(await told(ours.tenantId)).toEqual([
      warning,
      { kind: 'limit_reached', email: ours.email },
    ]);
    expect(await told(theirs.tenantId)).toEqual([]);
  });

  it('is told once a day, however often it is crossed and however many processes look', async () => {
    const { tenantId } = await tenant();
    for (let times = 0; times < 3; times += 1) {
      await service.user(tenantId);
      await Promise.all([warnings.tell(), warnings.tell()]);
      await remove(tenantId);
    }
    expect(await told(tenantId)).toHaveLength(1);
    await service.sql(
      `UPDATE usage_events SET told_at = told_at - interval '1 day' WHERE tenant_id = $1`,
      [tenantId],
    );
    await service.user(tenantId);
    await warnings.tell();
    expect(await told(tenantId)).toHaveLength(2);
  });

  it('is told as reached only, if a smaller plan makes it near and reached at once', async () => {
    const { tenantId, email } = await tenant();
    await service.sql('UPDATE tenants SET max_users = 7 WHERE id = $1', [tenantId]);
    await warnings.tell();
    expect(await told(tenantId)).toEqual([{ kind: 'limit_reached', email }]);
  });

  it('is not told while the tenant has turned notifications off', async () => {
    const { tenantId } = await tenant();
    await service.sql(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'notifications', '{"email": false}')
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = excluded.setting_value`,
      [tenantId],
    );
    await service.user(tenantId);
    await warnings.tell();
    expect(await told(tenantId)).toEqual([]);
  });
});
