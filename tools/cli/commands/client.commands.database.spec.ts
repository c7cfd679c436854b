import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceClient } from '../../../apps/auth-service/src/platform/clients/service-client.service.js';
import { cliOn } from '../cli.fixture.js';

type Created = ServiceClient & { secret: string };

describe('clients', () => {
  let database: TestDatabase;
  let service: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = new pg.Client({ connectionString: database.serviceUrl });
    await service.connect();
  });

  afterAll(async () => {
    await service.end();
    await database.drop();
  });

  const cli = (...argv: string[]) => cliOn(database)('clients', ...argv);

  async function create(name: string): Promise<Created> {
    return (await cli('create', '--name', name, '--json')).json() as Created;
  }

  async function find(id: string): Promise<Record<string, unknown>[]> {
    const { rows } = await service.query<Record<string, unknown>>(
      'SELECT * FROM find_service_client($1)',
      [id],
    );
    return rows;
  }

  it('lists none before the first is made, and makes nothing by it', async () => {
    expect((await cli('list', '--json')).json()).toEqual([]);
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    const { rows } = await admin.query('SELECT subdomain FROM tenants');
    await admin.end();
    expect(rows).toEqual([]);
  });

  it('prints id and secret once, and keeps the hash by which the service finds the client', async () => {
    const { id, secret } = await create('billing');
    const hash = createHash('sha256').update(secret).digest();
    expect(await find(id)).toEqual([{ id, name: 'billing', secret_hash: hash }]);
    expect((await cli('list', '--json')).out).not.toContain(secret);
    expect((await cli('create', '--name', 'reports')).out).toMatch(/secret {2}\S{43}\n/);
  });

  it('refuses a revoked client from then on', async () => {
    const { id } = await create('old');
    expect((await cli('revoke', id)).code).toBe(0);
    expect(await find(id)).toEqual([]);
    expect((await cli('list')).out).toMatch(new RegExp(`${id} +old +\\S+Z +\\S+Z`));
    expect(await cli('revoke', id)).toMatchObject({ code: 1, out: '' });
  });

  it('takes a name once', async () => {
    await create('twice');
    expect(await cli('create', '--name', 'twice')).toMatchObject({
      code: 1,
      err: expect.stringContaining('name is the name of another client'),
    });
  });

  it('lets the service read nothing of it but by id', async () => {
    await expect(service.query('SELECT * FROM service_clients')).rejects.toMatchObject({
      code: '42501',
    });
    await expect(service.query('SELECT * FROM operator_invitations')).rejects.toMatchObject({
      code: '42501',
    });
  });
});
