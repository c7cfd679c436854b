import { describe, expect, it } from 'vitest';
import { refusal } from '../migrations/service-database.js';
import {
  daysAgo,
  db,
  eventsOf,
  jobsOn,
  newTenant,
  rows,
  useRetention,
} from './retention.fixture.js';

useRetention();

const INSERT = `
  INSERT INTO outgoing_mails (tenant_id, kind, category, email, status, created_at)
  VALUES ($1, 'password_changed', 'security', 'ana@acme.example', $2, now() - $3 * interval '1 day')`;

async function statusesOf(tenantId: string): Promise<string[]> {
  const { rows: found } = await db.admin.query<{ status: string }>(
    'SELECT status FROM outgoing_mails WHERE tenant_id = $1 ORDER BY created_at',
    [tenantId],
  );
  return found.map(({ status }) => status);
}

describe('The retention of mails', () => {
  it('deletes finished mails after 90 days, and none that waits', async () => {
    const { tenantId } = await newTenant();
    const other = await newTenant();
    await db.admin.query(INSERT, [tenantId, 'sent', 91]);
    await db.admin.query(INSERT, [tenantId, 'pending', 91]);
    await db.admin.query(INSERT, [tenantId, 'dead', 89]);
    await db.admin.query(INSERT, [other.tenantId, 'sent', 1]);
    await jobsOn().prune();
    expect(await statusesOf(tenantId)).toEqual(['pending', 'dead']);
    expect(await statusesOf(other.tenantId)).toEqual(['sent']);
    expect(await eventsOf(tenantId, 'retention.pruned')).toMatchObject([
      { data: 'mails', rows: 1 },
    ]);
  });

  it('keeps the mails of the last week, whatever the setting', async () => {
    const { tenantId } = await newTenant();
    await expect(rows.prune('mails', tenantId, await daysAgo(6.9))).rejects.toEqual(
      refusal('42501', 'retention_minimum'),
    );
  });
});
