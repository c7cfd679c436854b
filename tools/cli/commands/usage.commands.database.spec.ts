import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../program.js';

let database: TestDatabase;
let tenantId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  ({ tenantId } = await seedTenant(database, { subdomain: 'acme' }));
  await seedUser(database, tenantId);
  await seedTenant(database, { subdomain: 'globex' });
});

beforeEach(async () => {
  await database.sql('UPDATE tenant_usage SET user_count = 1, poc_count = 0 WHERE tenant_id = $1', [
    tenantId,
  ]);
});

afterAll(async () => {
  await database.drop();
});

async function usage(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli(['usage', 'check', ...args], {
    env: { PLATFORM_DATABASE_URL: database.platformUrl },
    stdout: (text) => (out += text),
    stderr: (text) => (err += text),
  });
  return { code, out, err };
}

const damage = () =>
  database.sql('UPDATE tenant_usage SET user_count = 9, poc_count = 2 WHERE tenant_id = $1', [
    tenantId,
  ]);

describe('usage check', () => {
  it('reports that all counts are correct', async () => {
    expect(await usage()).toEqual({
      code: 0,
      out: 'All counts are correct.\n',
      err: '',
    });
  });

  it('lists wrong counts with exit code 1, and changes nothing', async () => {
    await damage();
    for (const args of [[], ['--tenant', 'acme'], ['--tenant', tenantId.toUpperCase()]]) {
      const { code, out } = await usage(...args);
      expect(code).toBe(1);
      expect(out).toMatch(/acme +users +9 +1\n/);
      expect(out).toMatch(/acme +pocs +2 +0\n/);
    }
    expect((await usage('--tenant', 'globex')).code).toBe(0);
  });

  it('corrects wrong counts with --repair', async () => {
    await damage();
    const { code, out } = await usage('--repair', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      repaired: true,
      drift: [
        { tenantId, subdomain: 'acme', resource: 'pocs', counted: 2, actual: 0 },
        { tenantId, subdomain: 'acme', resource: 'users', counted: 9, actual: 1 },
      ],
    });
    expect((await usage()).code).toBe(0);
  });

  it('records a repair in the audit log of the tenant, and records nothing else', async () => {
    const before = (await database.sql('SELECT FROM security_events')).length;
    await damage();
    await usage();
    await usage('--repair');
    const rows = await database.sql(
      `SELECT tenant_id, type, actor_kind, target_id, details FROM security_events
        ORDER BY occurred_at OFFSET $1`,
      [before],
    );
    const counts = [
      { resource: 'pocs', counted: 2, actual: 0 },
      { resource: 'users', counted: 9, actual: 1 },
    ];
    expect(rows).toEqual([
      {
        tenant_id: tenantId,
        type: 'operator.accessed',
        actor_kind: 'operator',
        target_id: tenantId,
        details: { action: 'repair-usage', counts, via: 'cli', osUser: userInfo().username },
      },
    ]);
  });

  it('refuses an unknown tenant', async () => {
    expect(await usage('--tenant', 'unknown')).toEqual({
      code: 1,
      out: '',
      err: 'There is no tenant "unknown".\n',
    });
  });
});
