import { PlatformDatabase } from '@poc-tracker/tenancy';
import { seedTenant } from '@poc-tracker/testing';
import { expect, it, onTestFinished } from 'vitest';
import { count, db, PENDING, useAuditChain, write, writerOn } from './audit-chain.fixture.js';

useAuditChain();

/** With four batches for the hash chain. */
const BACKLOG = `
  INSERT INTO security_events (tenant_id, type, result, actor_kind)
  SELECT $1, 'login.failed', 'failure', 'anonymous' FROM generate_series(1, 1600)`;

/** Notes whose entries are appended, and may do something before. */
class ObservedPlatform extends PlatformDatabase {
  readonly appends: string[] = [];
  beforeAppend: (append: number) => Promise<unknown> = () => Promise.resolve();

  override async transaction<T>(
    ...[context, ...rest]: Parameters<PlatformDatabase['transaction']>
  ) {
    if (context.tenantId !== null) {
      this.appends.push(context.tenantId);
      await this.beforeAppend(this.appends.length);
    }
    return super.transaction(context, ...rest) as Promise<T>;
  }
}

it('a tenant with a backlog of audit entries delays those of another tenant by a batch, also new ones', async () => {
  const [large, small] = [
    await seedTenant(db.database, { tenantId: '00000000-0000-4000-8000-000000000001' }),
    await seedTenant(db.database, { tenantId: '00000000-0000-4000-8000-000000000002' }),
  ];
  await db.admin.query(BACKLOG, [large.tenantId]);
  const observed = new ObservedPlatform({ url: db.database.platformUrl, tls: false });
  onTestFinished(() => observed.close());
  observed.beforeAppend = async (append) => {
    if (append === 3) await write(small.tenantId);
  };
  await writerOn(observed).appendPending();
  const { tenantId: l } = large;
  const { tenantId: s } = small;
  expect(observed.appends).toEqual([l, s, l, l, s, l]);
  expect([await count(PENDING, l), await count(PENDING, s)]).toEqual([0, 0]);
});
