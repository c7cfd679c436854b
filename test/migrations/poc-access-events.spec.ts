import { seedTenant, seedUser } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useServiceDatabase } from './service-database.js';

const db = useServiceDatabase();
let tracker: pg.Pool;
let tenantId: string;
let creator: string;
let colleague: string;
let poc: string;

beforeAll(() => {
  tracker = new pg.Pool({ connectionString: db.database.trackerUrl, max: 1 });
});

afterAll(() => tracker.end());

beforeEach(async () => {
  ({ tenantId } = await seedTenant(db.database));
  creator = (await seedUser(db.database, tenantId)).userId;
  colleague = (await seedUser(db.database, tenantId)).userId;
  poc = randomUUID();
  await asCreator(
    `INSERT INTO pocs (tenant_id, id, title, created_by) VALUES ($1, $2, 'Cold chain', $3)`,
    [tenantId, poc, creator],
  );
});

/** Runs a statement as the tracker does in a request of the creator. */
async function asCreator(sql: string, params: unknown[]): Promise<void> {
  const client = await tracker.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT set_user_context($1, $2, 'user')`, [tenantId, creator]);
    // Without effect, because this is not the login of the operators.
    await client.query(`SELECT set_config('app.actor_kind', 'operator', true)`);
    await client.query(sql, params);
    await client.query('COMMIT');
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const add = () =>
  asCreator(
    'INSERT INTO poc_collaborators (tenant_id, poc_id, user_id, added_by) VALUES ($1, $2, $3, $4)',
    [tenantId, poc, colleague, creator],
  );

const publish = (isPublic: boolean) =>
  asCreator('UPDATE pocs SET is_public = $2 WHERE id = $1', [poc, isPublic]);

async function events(): Promise<unknown[]> {
  const { rows } = await db.admin.query<{ type: string; details: object }>(
    'SELECT type, result, actor_id, actor_kind, target_type, target_id, details FROM security_events WHERE tenant_id = $1 ORDER BY id',
    [tenantId],
  );
  return rows;
}

const by = () => ({
  result: 'success',
  actor_id: creator,
  actor_kind: 'user',
  target_type: 'poc',
  target_id: poc,
});

describe('The audit log of the tracker', () => {
  it('records a security event when a user gets and loses access to a POC', async () => {
    await add();
    await asCreator('DELETE FROM poc_collaborators WHERE poc_id = $1', [poc]);
    const details = { userId: colleague };
    expect(await events()).toEqual([
      { ...by(), type: 'poc.collaborator_added', details },
      { ...by(), type: 'poc.collaborator_removed', details },
    ]);
  });

  it('records a security event when a POC is published and when it is not public any more', async () => {
    await publish(true);
    await publish(true);
    await publish(false);
    await asCreator(
      `INSERT INTO pocs (tenant_id, title, is_public, created_by) VALUES ($1, 'Open', true, $2)`,
      [tenantId, creator],
    );
    const published = { type: 'poc.published', details: {} };
    expect(await events()).toMatchObject([
      { ...by(), ...published },
      { ...by(), type: 'poc.unpublished', details: {} },
      { ...by(), target_id: expect.any(String) as unknown, ...published },
    ]);
  });

  it('records the access that is lost because the POC is deleted', async () => {
    await add();
    await asCreator('DELETE FROM pocs WHERE id = $1', [poc]);
    expect(await events()).toMatchObject([
      { type: 'poc.collaborator_added' },
      { type: 'poc.collaborator_removed' },
    ]);
  });

  it('records the changed rows of collaborators', async () => {
    await add();
    const { rows } = await db.admin.query(
      `SELECT operation, user_id, actor_kind, new_data FROM audit_log
        WHERE tenant_id = $1 AND table_name = 'poc_collaborators'`,
      [tenantId],
    );
    expect(rows).toEqual([
      {
        operation: 'INSERT',
        user_id: creator,
        actor_kind: 'user',
        new_data: expect.objectContaining({ poc_id: poc, user_id: colleague }) as unknown,
      },
    ]);
  });

  it('cannot be written by the login of the tracker', async () => {
    await expect(
      asCreator(
        `INSERT INTO security_events (tenant_id, type, result, actor_kind) VALUES ($1, 'logout', 'success', 'user')`,
        [tenantId],
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });
});
