import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onTable, onTables, VulnerableDatabase } from '../isolation.fixture.js';

let database: VulnerableDatabase;

beforeEach(async () => {
  database = await VulnerableDatabase.create();
});

afterEach(async () => {
  await database.drop();
});

describe('the attacks on tables', () => {
  it('find nothing in tables that have all of their protection', async () => {
    const attack = onTables(['tenant_settings', 'users', 'pocs']);
    expect(await database.faultsAfter('', attack)).toEqual([]);
  });

  it('show other tenants reading and writing a table that lost its restrictive policy', async () => {
    const faults = await database.faultsAfter(
      'DROP POLICY tenant_settings_tenant_isolation ON tenant_settings',
      onTable('tenant_settings'),
    );
    expect(faults).toContain('tenant_settings SELECT, wrong tenant: reached 1 row');
    expect(faults).toContain('tenant_settings SELECT, no tenant: reached 1 row');
    expect(faults).toContain('tenant_settings SELECT, spent transaction: reached 1 row');
    expect(faults).toContain('tenant_settings UPDATE, wrong tenant: reached 1 row');
    expect(faults).toContain('tenant_settings DELETE, wrong tenant: reached 1 row');
    expect(faults).toContain('tenant_settings COPY TO, wrong tenant: reached 1 row');
  });

  it('show rows planted in another tenant when the tenant policy checks no new row', async () => {
    const damage =
      'ALTER POLICY tenant_settings_tenant_isolation ON tenant_settings WITH CHECK (true)';
    const faults = await database.faultsAfter(damage, onTable('tenant_settings'));
    expect(faults).toContain('tenant_settings INSERT, wrong tenant: reached 1 row');
  });

  it('show a tenant policy that fails, instead of finding nothing, on a used connection', async () => {
    const condition = `tenant_id = (select current_setting('app.current_tenant_id', true)::uuid)`;
    const damage = `ALTER POLICY users_tenant_isolation ON users USING (${condition})`;
    const faults = await database.faultsAfter(damage, onTable('users'));
    expect(faults).toContainEqual(
      expect.stringMatching(/^users SELECT, spent transaction: .*22P02/),
    );
    expect(faults).not.toContainEqual(expect.stringMatching(/^users SELECT, no tenant/));
  });

  it('show a tenant that cannot read its own rows, because refusals prove nothing then', async () => {
    const faults = await database.faultsAfter(
      'ALTER POLICY users_tenant_isolation ON users USING (false)',
      onTable('users'),
    );
    expect(faults).toContain('users SELECT, right tenant: the tenant itself gets 0 rows');
  });

  it('show a table that the service may truncate', async () => {
    const damage = 'GRANT TRUNCATE ON pocs, poc_files, poc_collaborators TO authenticated_user';
    const faults = await database.faultsAfter(damage, onTable('pocs'));
    expect(faults).toContain('pocs TRUNCATE, wrong tenant: was permitted');
  });

  it('attack a new table that has no protection', async () => {
    const damage = `
      CREATE TABLE notes (tenant_id uuid REFERENCES tenants, id uuid DEFAULT uuid_v7(), body text NOT NULL, PRIMARY KEY (tenant_id, id));
      GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO authenticated_user`;
    const faults = await database.faultsAfter(damage, onTable('notes'));
    for (const operation of [
      'SELECT',
      'INSERT',
      'UPDATE',
      'DELETE',
      'UPSERT',
      'COPY TO',
      'COPY FROM',
    ]) {
      expect(faults).toContainEqual(
        expect.stringMatching(new RegExp(`^notes ${operation}, wrong tenant:`)),
      );
    }
  });
});
