import { randomUUID } from 'node:crypto';
import { pollUntil } from '@poc-tracker/embedded';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { UserRecord } from './tracker.fixture.js';
import {
  DEADLINE_MS,
  eventually,
  outcome,
  tracker,
  useTracker,
  withoutId,
} from './running-tracker.fixture.js';

useTracker();

describe('The permission to change a POC', () => {
  const change = { title: 'Changed' };

  it('belongs to its author and to users who manage all POCs, not to other users', async () => {
    const ana = await tracker.user();
    const bia = await tracker.user({ tenant: ana });
    const boss = await tracker.user({ tenant: ana, role: 'manager' });
    const at = `/pocs/${await tracker.poc(ana)}`;
    for (const method of ['PUT', 'PATCH'])
      expect(await outcome(bia, method, at, change)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(bia, 'DELETE', at)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(boss, 'PATCH', at, change)).toBe('200');
    expect(await outcome(ana, 'PATCH', at, change)).toBe('200');
    expect(await outcome(boss, 'DELETE', at)).toBe('200');
  });

  it('follows permissions, including those given in addition to the role', async () => {
    const ana = await tracker.user();
    const maker = await tracker.user({
      tenant: ana,
      role: 'viewer',
      permissions: ['create_pocs'],
    });
    const keeper = await tracker.user({
      tenant: ana,
      role: 'viewer',
      permissions: ['manage_pocs'],
    });
    const viewer = await tracker.user({ tenant: ana, role: 'viewer' });
    const at = `/pocs/${await tracker.poc(maker)}`;
    expect(await outcome(maker, 'PATCH', at, change)).toBe('200');
    expect(await outcome(keeper, 'PATCH', at, change)).toBe('200');
    expect(await outcome(viewer, 'PATCH', at, change)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(viewer, 'POST', '/pocs', change)).toBe('403 INSUFFICIENT_PERMISSIONS');
  });

  it('includes collaborators while the tenant enables collaboration', async () => {
    const ana = await tracker.user();
    const bia = await tracker.user({ tenant: ana });
    const id = await tracker.poc(ana);
    const at = `/pocs/${id}`;
    const add = `${at}/collaborators/${bia.userId}`;
    expect(await outcome(bia, 'PUT', add)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(ana, 'PUT', add)).toBe('200');
    expect(await outcome(ana, 'PUT', add)).toBe('200');
    expect(await outcome(bia, 'PATCH', at, change)).toBe('200');
    expect((await tracker.upload(bia, id, Buffer.from('hers'))).status).toBe(201);
    expect(await outcome(bia, 'DELETE', at)).toBe('403 INSUFFICIENT_PERMISSIONS');
    const listed = await tracker.call('GET', `${at}/collaborators`, { token: bia.token });
    expect(listed.data).toMatchObject({ items: [{ userId: bia.userId, addedBy: ana.userId }] });

    await tracker.set(ana.tenantId, { enableCollaboration: false });
    expect(await outcome(bia, 'PATCH', at, change)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect((await tracker.upload(bia, id, Buffer.from('hers'))).status).toBe(403);
    expect(await outcome(ana, 'PUT', add)).toBe('403 INSUFFICIENT_PERMISSIONS');
    await tracker.set(ana.tenantId, { enableCollaboration: true });
    expect(await outcome(ana, 'DELETE', add)).toBe('200');
    expect(await outcome(bia, 'PATCH', at, change)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(ana, 'DELETE', add)).toBe('404 NOT_FOUND');
  });

  it('keeps the fields of a parallel change that a request does not name', async () => {
    const { bia, id } = await sharedPublicPoc();
    const patched = await behind(id, `title = 'The owner''s', is_public = false`, () =>
      tracker.call('PATCH', `/pocs/${id}`, { token: bia.token, body: { description: 'Hers.' } }),
    );
    expect(patched.status).toBe(200);
    expect(patched.data).toMatchObject({
      title: "The owner's",
      description: 'Hers.',
      isPublic: false,
    });
  });

  it.each(['PUT', 'PATCH'])(
    'keeps a POC unpublished that its owner unpublishes while a collaborator repeats that it is public: %s',
    async (method) => {
      const { bia, id } = await sharedPublicPoc();
      const body = { title: 'Hers', isPublic: true };
      const written = await behind(id, 'is_public = false', () =>
        tracker.call(method, `/pocs/${id}`, { token: bia.token, body }),
      );
      expect(written.status).toBe(200);
      expect(written.data).toMatchObject({ title: 'Hers', isPublic: false });
    },
  );

  async function sharedPublicPoc(): Promise<{ bia: UserRecord; id: string }> {
    const ana = await tracker.user();
    const bia = await tracker.user({ tenant: ana });
    await tracker.set(ana.tenantId, { allowPublicPocs: true });
    const id = await tracker.poc(ana, { isPublic: true });
    expect(await outcome(ana, 'PUT', `/pocs/${id}/collaborators/${bia.userId}`)).toBe('200');
    return { bia, id };
  }

  /** Commits `assignments` once `write` has read the POC and waits for its row. */
  async function behind<T>(id: string, assignments: string, write: () => Promise<T>): Promise<T> {
    const owner = new pg.Client({ connectionString: tracker.database.adminUrl });
    await owner.connect();
    try {
      await owner.query('BEGIN');
      await owner.query(`UPDATE pocs SET ${assignments} WHERE id = $1`, [id]);
      const written = write();
      const waiting = await pollUntil(async () => {
        const blocked = await tracker.sql(
          `SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`,
        );
        return blocked.length > 0 || undefined;
      }, DEADLINE_MS);
      expect(waiting).toBe(true);
      await owner.query('COMMIT');
      return await written;
    } finally {
      await owner.end();
    }
  }

  it.each(['suspended', 'inactive'] as const)(
    'never includes a user who is %s, who is answered like an unknown user',
    async (status) => {
      const ana = await tracker.user();
      const left = await tracker.user({ tenant: ana, status });
      const at = `/pocs/${await tracker.poc(ana)}/collaborators`;
      const refused = await tracker.call('PUT', `${at}/${left.userId}`, { token: ana.token });
      const random = await tracker.call('PUT', `${at}/${randomUUID()}`, { token: ana.token });
      expect([refused.status, refused.error.code]).toEqual([404, 'NOT_FOUND']);
      expect(withoutId(refused.bytes)).toBe(withoutId(random.bytes));
    },
  );

  it('never includes a user of another tenant, who is answered like an unknown user', async () => {
    const [ana, eve] = [await tracker.user(), await tracker.user()];
    const at = `/pocs/${await tracker.poc(ana)}/collaborators`;
    const foreign = await tracker.call('PUT', `${at}/${eve.userId}`, { token: ana.token });
    const random = await tracker.call('PUT', `${at}/${randomUUID()}`, { token: ana.token });
    expect([foreign.status, foreign.error.code]).toEqual([404, 'NOT_FOUND']);
    expect(withoutId(foreign.bytes)).toBe(withoutId(random.bytes));
  });
});

describe('A public POC', () => {
  it('is visible to everyone while the tenant allows it, and hidden at once when it does not', async () => {
    const ana = await tracker.user();
    const refused = await tracker.call('POST', '/pocs', {
      token: ana.token,
      body: { title: 'x', isPublic: true },
    });
    expect([refused.status, refused.error.code]).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    expect(refused.error.details).toEqual({ required: ['features.allowPublicPocs'] });

    await tracker.set(ana.tenantId, { allowPublicPocs: true });
    const open = await tracker.poc(ana, { title: 'For all', isPublic: true });
    const closed = await tracker.poc(ana, { title: 'For us' });
    const answer = await tracker.call('GET', `/public/pocs/${open}`, { host: ana.host });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.data).sort()).toEqual([
      'description',
      'id',
      'status',
      'title',
      'updatedAt',
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect((await tracker.call('GET', `/public/pocs/${closed}`, { host: ana.host })).status).toBe(
      404,
    );

    await tracker.set(ana.tenantId, { allowPublicPocs: false });
    expect((await tracker.call('GET', `/public/pocs/${open}`, { host: ana.host })).status).toBe(
      404,
    );
    expect(await outcome(ana, 'PATCH', `/pocs/${open}`, { title: 'Still ours' })).toBe('200');
  });

  it('is found under its own tenant only, and not without a tenant', async () => {
    const [ana, eve] = [await tracker.user(), await tracker.user()];
    for (const { tenantId } of [ana, eve]) await tracker.set(tenantId, { allowPublicPocs: true });
    const at = `/public/pocs/${await tracker.poc(ana, { isPublic: true })}`;
    expect((await tracker.call('GET', at, { host: eve.host })).error.code).toBe('NOT_FOUND');
    expect((await tracker.call('GET', at)).error.code).toBe('TENANT_REQUIRED');
    const byId = { headers: { 'x-tenant-id': ana.tenantId } };
    expect((await tracker.call('GET', at, byId)).status).toBe(200);
    const { token } = ana;
    expect((await tracker.call('GET', at, { token })).status).toBe(200);
    const mismatch = await tracker.call('GET', at, { token, host: eve.host });
    expect(mismatch.error.code).toBe('TENANT_MISMATCH');
    const invalid = await tracker.call('GET', at, { token: 'x', host: ana.host });
    expect(invalid.status).toBe(200);
    await tracker.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [ana.tenantId]);
    await eventually(
      async () => (await tracker.call('GET', at, { host: ana.host })).error.code,
      'INVALID_TENANT',
    );
  });
});
