import { createTestDatabase, type TestDatabase } from '@poc-tracker/testing';
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceClient } from '../../../apps/auth-service/src/platform/clients/service-client.service.js';
import { cliOn } from '../cli.fixture.js';

type Created = ServiceClient & { secret: string };

describe('the clients commands', () => {
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

  it('list and revoke no client on an empty database, and create nothing', async () => {
    expect((await cli('list', '--json')).json()).toEqual([]);
    const revoked = await cli('revoke', randomUUID());
    expect([revoked.code, revoked.err]).toEqual([1, expect.stringContaining('no active client')]);
    expect(await database.sql('SELECT subdomain FROM tenants')).toEqual([]);
  });

  it('show the id and the secret once, and store only the hash of the secret', async () => {
    const { id, secret } = await create('billing');
    const hash = createHash('sha256').update(secret).digest();
    expect(await find(id)).toEqual([{ id, name: 'billing', secret_hash: hash }]);
    expect((await cli('list', '--json')).out).not.toContain(secret);
    expect((await cli('create', '--name', 'reports')).out).toMatch(/secret {2}\S{43}\n/);
  });

  it('revoke a client, once', async () => {
    const { id } = await create('old');
    expect((await cli('revoke', id)).code).toBe(0);
    expect(await find(id)).toEqual([]);
    expect((await cli('list')).out).toMatch(new RegExp(`${id} +old +\\S+Z +\\S+Z`));
    expect(await cli('revoke', id)).toMatchObject({ code: 1, out: '' });
  });

  it('refuse a name that is already in use', async () => {
    await create('twice');
    expect(await cli('create', '--name', 'twice')).toMatchObject({
      code: 1,
      err: expect.stringContaining('name is already the name of a client'),
    });
  });

  it.each(['SVC1', 'Svс1', 'svc１'])(
    'refuse the name %s, which looks like one that is in use',
    async (name) => {
      await cli('create', '--name', 'svc1');
      expect(await cli('create', '--name', name)).toMatchObject({
        code: 1,
        err: expect.stringContaining('name is already the name of a client'),
      });
    },
  );

  it('leave the service no access to clients and invitations except by id', async () => {
    await expect(service.query('SELECT * FROM service_clients')).rejects.toMatchObject({
      code: '42501',
    });
    await expect(service.query('SELECT * FROM operator_invitations')).rejects.toMatchObject({
      code: '42501',
    });
  });
});
