import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pollUntil } from '@poc-tracker/embedded';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type UserRecord, TrackerFixture } from './tracker.fixture.js';

const DEADLINE_MS = 5_000;

let tracker: TrackerFixture;

beforeAll(async () => {
  tracker = await TrackerFixture.start();
});

afterAll(async () => {
  await tracker?.stop();
});

async function outcome(
  person: UserRecord,
  method: string,
  path: string,
  body?: unknown,
): Promise<string> {
  const { status, error } = await tracker.call(method, path, { token: person.token, body });
  return status < 400 ? `${status}` : `${status} ${error.code}`;
}

describe('POCs', () => {
  it('are made, read, changed, written anew and deleted', async () => {
    const ana = await tracker.person();
    const { token } = ana;
    const id = await tracker.poc(ana, { description: 'In winter.' });
    const at = `/pocs/${id}`;
    expect((await tracker.call('GET', at, { token })).data).toMatchObject({
      id,
      title: 'Cold-proof sensor',
      description: 'In winter.',
      status: 'draft',
      isPublic: false,
      createdBy: ana.userId,
    });
    const changed = await tracker.call('PATCH', at, { token, body: { status: 'active' } });
    expect(changed.data).toMatchObject({ status: 'active', description: 'In winter.' });
    const anew = await tracker.call('PUT', at, { token, body: { title: 'Another' } });
    expect(anew.data).toMatchObject({ title: 'Another', status: 'draft', description: '' });
    expect(await outcome(ana, 'DELETE', at)).toBe('200');
    expect(await outcome(ana, 'GET', at)).toBe('404 NOT_FOUND');
    expect(await outcome(ana, 'DELETE', at)).toBe('404 NOT_FOUND');
  });

  it.each([
    [{}, 'title'],
    [{ title: ' ' }, 'title'],
    [{ title: 'x'.repeat(256) }, 'title'],
    [{ title: 'two\nlines' }, 'title'],
    [{ title: 'x', status: 'gone' }, 'status'],
    [{ title: 'x', isPublic: 'yes' }, 'isPublic'],
    [{ title: 'x', description: null }, 'description'],
    [{ title: 'x', description: 'd'.repeat(10_001) }, 'description'],
    [{ title: 'x', createdBy: randomUUID() }, 'createdBy'],
    [{ title: 'x', tenantId: randomUUID() }, 'tenantId'],
  ])('are refused with the name of the field: %j', async (body, field) => {
    const { token } = await tracker.person();
    const { status, error } = await tracker.call('POST', '/pocs', { token, body });
    expect(status).toBe(400);
    expect(error.details).toContainEqual(expect.objectContaining({ field }));
  });

  it('are listed newest first, page by page, by status and by author', async () => {
    const ana = await tracker.person();
    const bia = await tracker.person({ tenant: ana });
    const mine: string[] = [];
    for (let count = 0; count < 5; count += 1)
      mine.unshift(await tracker.poc(ana, { status: count % 2 === 0 ? 'active' : 'draft' }));
    const hers = await tracker.poc(bia);

    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { data: { items: { id: string }[]; nextCursor: string | null } } =
        await tracker.call('GET', `/pocs?limit=2${cursor && `&cursor=${cursor}`}`, ana);
      expect(page.data.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.data.items.map(({ id }) => id));
      cursor = page.data.nextCursor;
    }
    expect(seen).toEqual([hers, ...mine]);
    expect(await ids(ana, '?author=me')).toEqual(mine);
    expect(await ids(ana, '?status=active')).toEqual([mine[0], mine[2], mine[4]]);
    expect(await ids(bia, '?author=me&status=active')).toEqual([]);
  });

  it('are found by what their title begins with, in any case, and by nothing that only looks like a pattern', async () => {
    const ana = await tracker.person();
    const titles = ['Alpha', 'alphabet', 'ALPHA two', 'Beta', '100% sure', '100_', 'a_b'];
    for (const title of titles) await tracker.poc(ana, { title });
    expect(await found(ana, 'alpha')).toEqual(['Alpha', 'ALPHA two', 'alphabet']);
    expect(await found(ana, '100%')).toEqual(['100% sure']);
    expect(await found(ana, '_')).toEqual([]);
    expect(await found(ana, 'zeta')).toEqual([]);
    const [first] = (await page(ana, '?search=alpha&limit=1')).items;
    expect(first?.title).toBe('Alpha');
    const next = (await page(ana, '?search=alpha&limit=1')).nextCursor;
    expect((await page(ana, `?search=alpha&limit=5&cursor=${next}`)).items).toHaveLength(2);
  });

  it.each(['x', 'e30', Buffer.from('["a","b","c"]').toString('base64url')])(
    'are not listed for the cursor %s',
    async (cursor) => {
      const ana = await tracker.person();
      expect(await outcome(ana, 'GET', `/pocs?cursor=${cursor}`)).toBe('400 VALIDATION_ERROR');
    },
  );

  it('refuse a cursor of another tenant', async () => {
    const [ana, eve] = [await tracker.person(), await tracker.person()];
    for (const person of [ana, ana]) await tracker.poc(person);
    const { nextCursor } = await page(ana, '?limit=1');
    expect(await outcome(ana, 'GET', `/pocs?cursor=${nextCursor}`)).toBe('200');
    expect(await outcome(eve, 'GET', `/pocs?cursor=${nextCursor}`)).toBe('400 VALIDATION_ERROR');
  });

  it('refuse a cursor of another list, and of the same with another filter', async () => {
    const ana = await tracker.person();
    for (const title of ['Alpha', 'Alpha two']) await tracker.poc(ana, { title });
    const poc = await tracker.poc(ana);
    const { nextCursor } = await page(ana, '?limit=1&status=draft&search=alpha');
    for (const query of ['', 'status=draft', 'status=active&search=alpha', 'search=alp'])
      expect(await outcome(ana, 'GET', `/pocs?${query}&cursor=${nextCursor}`)).toBe(
        '400 VALIDATION_ERROR',
      );
    const all = (await page(ana, '?limit=1')).nextCursor;
    for (const list of ['files', 'collaborators'])
      expect(await outcome(ana, 'GET', `/pocs/${poc}/${list}?cursor=${all}`)).toBe(
        '400 VALIDATION_ERROR',
      );
  });

  async function page(
    { token }: UserRecord,
    query: string,
  ): Promise<{ items: { id: string; title: string }[]; nextCursor: string | null }> {
    const { data } = await tracker.call<{
      items: { id: string; title: string }[];
      nextCursor: string | null;
    }>('GET', `/pocs${query}`, { token });
    return data;
  }

  async function ids(person: UserRecord, query: string): Promise<string[]> {
    return (await page(person, query)).items.map(({ id }) => id);
  }

  async function found(person: UserRecord, search: string): Promise<string[]> {
    const { items } = await page(person, `?search=${encodeURIComponent(search)}`);
    return items.map(({ title }) => title);
  }
});

describe('the number of POCs', () => {
  it('is exact: of 50 at once into 3 free places 3 are made, and the others are told limit and usage', async () => {
    const tenant = await tracker.tenant({ maxPocs: 5 });
    const ana = await tracker.person({ tenant });
    for (const person of [ana, ana]) await tracker.poc(person);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        tracker.call('POST', '/pocs', { token: ana.token, body: { title: 'One more' } }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBe(3);
    for (const { status, error } of refused) {
      expect([status, error.code]).toEqual([403, 'POC_LIMIT_EXCEEDED']);
      expect(error.details).toEqual({ limit: 5, usage: 5 });
    }
    expect(await tracker.usage(tenant.tenantId)).toMatchObject({ pocs: 5 });
  });

  it('is exact while half of the clients hang up: what is counted is what is there', async () => {
    const tenant = await tracker.tenant({ maxPocs: 10 });
    const ana = await tracker.person({ tenant });
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        if (index % 2 === 0)
          return void (await tracker.call('POST', '/pocs', {
            token: ana.token,
            body: { title: 'One more' },
          }));
        const outgoing = request(`${tracker.url}/api/v1/pocs`, {
          method: 'POST',
          agent: false,
          headers: { authorization: `Bearer ${ana.token}`, 'content-type': 'application/json' },
        });
        outgoing.on('error', () => undefined);
        outgoing.end('{"title": "Hung up"}');
        await delay(index);
        outgoing.destroy();
      }),
    );
    // Until the last one that was hung up has been rolled back, or has not.
    await pollUntil(async () => {
      const { pocs } = await tracker.usage(tenant.tenantId);
      if (pocs < 10) await outcome(ana, 'POST', '/pocs', { title: 'Fill' });
      return pocs === 10 || undefined;
    }, DEADLINE_MS);
    const [row] = await tracker.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM pocs WHERE tenant_id = $1',
      [tenant.tenantId],
    );
    expect([row?.count, await tracker.usage(tenant.tenantId)]).toEqual([
      10,
      expect.objectContaining({ pocs: 10 }) as unknown,
    ]);
    expect(await outcome(ana, 'POST', '/pocs', { title: 'x' })).toBe('403 POC_LIMIT_EXCEEDED');
  });

  it('goes down again with a deletion', async () => {
    const tenant = await tracker.tenant({ maxPocs: 1 });
    const ana = await tracker.person({ tenant });
    const id = await tracker.poc(ana);
    const body = { title: 'Another' };
    expect(await outcome(ana, 'POST', '/pocs', body)).toBe('403 POC_LIMIT_EXCEEDED');
    await tracker.call('DELETE', `/pocs/${id}`, { token: ana.token });
    expect(await outcome(ana, 'POST', '/pocs', body)).toBe('201');
  });
});

describe('who may change a POC', () => {
  const change = { title: 'Changed' };

  it('is its author and who manages all of them, not another person', async () => {
    const ana = await tracker.person();
    const bia = await tracker.person({ tenant: ana });
    const boss = await tracker.person({ tenant: ana, role: 'manager' });
    const at = `/pocs/${await tracker.poc(ana)}`;
    for (const method of ['PUT', 'PATCH'])
      expect(await outcome(bia, method, at, change)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(bia, 'DELETE', at)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(boss, 'PATCH', at, change)).toBe('200');
    expect(await outcome(ana, 'PATCH', at, change)).toBe('200');
    expect(await outcome(boss, 'DELETE', at)).toBe('200');
  });

  it('goes by permissions, also those that are given beside the role', async () => {
    const ana = await tracker.person();
    const maker = await tracker.person({
      tenant: ana,
      role: 'viewer',
      permissions: ['create_pocs'],
    });
    const keeper = await tracker.person({
      tenant: ana,
      role: 'viewer',
      permissions: ['manage_pocs'],
    });
    const viewer = await tracker.person({ tenant: ana, role: 'viewer' });
    const at = `/pocs/${await tracker.poc(maker)}`;
    expect(await outcome(maker, 'PATCH', at, change)).toBe('200');
    expect(await outcome(keeper, 'PATCH', at, change)).toBe('200');
    expect(await outcome(viewer, 'PATCH', at, change)).toBe('403 INSUFFICIENT_PERMISSIONS');
    expect(await outcome(viewer, 'POST', '/pocs', change)).toBe('403 INSUFFICIENT_PERMISSIONS');
  });

  it('includes collaborators, as long as the tenant lets people work together', async () => {
    const ana = await tracker.person();
    const bia = await tracker.person({ tenant: ana });
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

  it('loses nothing of two changes at once: what was not stated stays as the other one left it', async () => {
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
    'leaves unpublished what its owner unpublishes while a collaborator repeats that it is public: %s',
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
    const ana = await tracker.person();
    const bia = await tracker.person({ tenant: ana });
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

  it('never includes a person of another tenant, who answers like nobody', async () => {
    const [ana, eve] = [await tracker.person(), await tracker.person()];
    const at = `/pocs/${await tracker.poc(ana)}/collaborators`;
    const foreign = await tracker.call('PUT', `${at}/${eve.userId}`, { token: ana.token });
    const random = await tracker.call('PUT', `${at}/${randomUUID()}`, { token: ana.token });
    expect([foreign.status, foreign.error.code]).toEqual([404, 'NOT_FOUND']);
    expect(withoutId(foreign.bytes)).toBe(withoutId(random.bytes));
  });
});

function withoutId(bytes: Buffer): string {
  return bytes.toString().replace(/"requestId":"[^"]*"/, '');
}

describe('public POCs', () => {
  it('are for everybody while the tenant allows them, and closed at once when it does not', async () => {
    const ana = await tracker.person();
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

  it('are found under their own tenant alone, and under no tenant not at all', async () => {
    const [ana, eve] = [await tracker.person(), await tracker.person()];
    for (const { tenantId } of [ana, eve]) await tracker.set(tenantId, { allowPublicPocs: true });
    const at = `/public/pocs/${await tracker.poc(ana, { isPublic: true })}`;
    expect((await tracker.call('GET', at, { host: eve.host })).error.code).toBe('NOT_FOUND');
    expect((await tracker.call('GET', at)).error.code).toBe('TENANT_REQUIRED');
    const byId = { headers: { 'x-tenant-id': ana.tenantId } };
    expect((await tracker.call('GET', at, byId)).status).toBe(200);
    await tracker.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [ana.tenantId]);
    expect((await tracker.call('GET', at, { host: ana.host })).error.code).toBe('INVALID_TENANT');
  });
});

describe('features of the plan', () => {
  const OFF = {
    real_time_dojos: false,
    video_generation: false,
    advanced_analytics: false,
    api_access: false,
  };

  it('each close a route, which names the plans that have it', async () => {
    const boss = await tracker.person({ role: 'manager', features: OFF });
    const id = await tracker.poc(boss);
    const video = { type: 'video/mp4' };
    const refused = {
      advanced_analytics: await tracker.call('GET', '/pocs/analytics', { token: boss.token }),
      api_access: await tracker.call('GET', '/pocs/export', { token: boss.token }),
      real_time_dojos: await tracker.call('GET', `/pocs/${id}/events`, { token: boss.token }),
      video_generation: await tracker.upload(boss, id, Buffer.from('video'), video),
    };
    for (const [feature, { status, error }] of Object.entries(refused)) {
      expect([status, error.code]).toEqual([403, 'FEATURE_NOT_AVAILABLE']);
      expect(error.details).toMatchObject({
        feature,
        plans: expect.arrayContaining(['enterprise']) as unknown,
      });
    }
    await tracker.sql(`UPDATE tenants SET features = features || $2 WHERE id = $1`, [
      boss.tenantId,
      JSON.stringify({ video_generation: true }),
    ]);
    const taken = await pollUntil(async () => {
      const { status } = await tracker.upload(boss, id, Buffer.from('video'), video);
      return status === 201 || undefined;
    }, DEADLINE_MS);
    expect(taken).toBe(true);
  });

  it('advanced_analytics counts POCs and storage', async () => {
    const boss = await tracker.person({ role: 'manager', features: { advanced_analytics: true } });
    const id = await tracker.poc(boss, { status: 'active' });
    await tracker.poc(boss);
    await tracker.upload(boss, id, Buffer.alloc(1_000));
    const { data } = await tracker.call('GET', '/pocs/analytics', { token: boss.token });
    expect(data).toMatchObject({
      byStatus: [
        { status: 'active', count: 1 },
        { status: 'draft', count: 1 },
      ],
      storageByAuthor: [{ authorId: boss.userId, files: 1, bytes: 1_000 }],
    });
    expect(data['byWeek']).toHaveLength(2);
  });

  it('api_access reads every POC as a line of JSON, more than a page of them', async () => {
    const ana = await tracker.person({ features: { api_access: true } });
    await tracker.sql(`UPDATE tenants SET max_pocs = 5000 WHERE id = $1`, [ana.tenantId]);
    await tracker.sql(
      `INSERT INTO pocs (tenant_id, title) SELECT $1, 'POC ' || n FROM generate_series(1, 1201) n`,
      [ana.tenantId],
    );
    await tracker.poc(await tracker.person(), { title: 'Of another tenant' });
    const { status, headers, bytes } = await tracker.call('GET', '/pocs/export', {
      token: ana.token,
    });
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson']);
    const lines = bytes.toString().trimEnd().split('\n');
    const titles = lines.map((line) => (JSON.parse(line) as { title: string }).title);
    expect(new Set(titles).size).toBe(1201);
    expect(titles).not.toContain('Of another tenant');
  });

  it('api_access ends with the session, also of an export that is under way', async () => {
    const ana = await tracker.person({ features: { api_access: true } });
    await tracker.sql(`UPDATE tenants SET max_pocs = 5000 WHERE id = $1`, [ana.tenantId]);
    await tracker.sql(
      `INSERT INTO pocs (tenant_id, title, description)
       SELECT $1, 'POC ' || n, repeat('x', 10000) FROM generate_series(1, 3000) n`,
      [ana.tenantId],
    );
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${ana.token}` };
      get(`${tracker.url}/api/v1/pocs/export`, { agent: false, headers }, resolve).once(
        'error',
        reject,
      );
    });
    await once(response, 'readable');
    await tracker.revoke(ana);
    const known = await pollUntil(
      async () => (await outcome(ana, 'GET', '/pocs')) === '401 TOKEN_REVOKED' || undefined,
      DEADLINE_MS,
    );
    expect(known).toBe(true);
    let lines = 0;
    const reading = (async () => {
      for await (const chunk of response) lines += String(chunk).split('\n').length - 1;
    })();
    await expect(reading).rejects.toThrow('aborted');
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThan(3000);
  });
});

describe('the events of a POC', () => {
  /** Reads a stream; `text` grows until it ends. */
  async function follow(
    person: UserRecord,
    pocId: string,
  ): Promise<{
    status: number | undefined;
    text: () => string;
    ended: Promise<void>;
    stop: () => void;
  }> {
    return new Promise((resolve, reject) => {
      const outgoing = get(
        `${tracker.url}/api/v1/pocs/${pocId}/events`,
        { agent: false, headers: { authorization: `Bearer ${person.token}` } },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          const ended = new Promise<void>((done) => response.once('close', done));
          const stop = () => outgoing.destroy();
          resolve({ status: response.statusCode, text: () => text, ended, stop });
        },
      );
      outgoing.once('error', reject);
    });
  }

  it('tell of changes by whichever process, and of no other POC or tenant', async () => {
    const ana = await tracker.person();
    const id = await tracker.poc(ana);
    const other = await tracker.poc(ana);
    const stream = await follow(ana, id);
    await tracker.sql(`UPDATE pocs SET title = 'By another process' WHERE id = $1`, [id]);
    await tracker.call('PATCH', `/pocs/${other}`, { token: ana.token, body: { title: 'x' } });
    const file = await tracker.upload(ana, id, Buffer.from('file'));
    await tracker.call('DELETE', `/pocs/${id}/files/${file.data.id}`, { token: ana.token });
    await tracker.call('DELETE', `/pocs/${id}`, { token: ana.token });
    await stream.ended;
    const events = [...stream.text().matchAll(/^event: (.*)$/gm)].map(([, event]) => event);
    expect(events).toEqual(['poc.updated', 'file.added', 'file.removed', 'poc.deleted']);
    expect(stream.text()).toContain(`data: {"pocId":"${id}","subjectId":"${file.data.id}"}`);
    expect(stream.text()).not.toContain(other);
  });

  it('end with the session', async () => {
    const ana = await tracker.person();
    const stream = await follow(ana, await tracker.poc(ana));
    await tracker.revoke(ana);
    await stream.ended;
    expect(stream.text()).toContain('event: closed\ndata: {"code":"TOKEN_REVOKED"}');
  });

  it('are bounded for a person also when all are asked for at once', async () => {
    const ana = await tracker.person();
    const id = await tracker.poc(ana);
    const asked = Array.from({ length: 20 }, () => follow(ana, id));
    const streams = await Promise.all(asked);
    const refused = streams.filter(({ status }) => status === 429);
    expect([streams.length, refused.length]).toEqual([20, 10]);
    for (const { stop } of streams) stop();
  });

  it('are not ended by what no trigger has sent', async () => {
    const ana = await tracker.person();
    const id = await tracker.poc(ana);
    const stream = await follow(ana, id);
    const forged = { tenantId: ana.tenantId, pocId: id, subjectId: null };
    for (const payload of [
      'no JSON',
      'null',
      '[]',
      JSON.stringify({ ...forged, event: 'x\nevent: closed' }),
    ])
      await tracker.sql(`SELECT pg_notify('poc_changes', $1)`, [payload]);
    await tracker.call('PATCH', `/pocs/${id}`, { token: ana.token, body: { title: 'x' } });
    const told = await pollUntil(
      async () => stream.text().includes('event: poc.updated') || undefined,
      DEADLINE_MS,
    );
    expect(told).toBe(true);
    expect(stream.text()).not.toContain('closed');
    stream.stop();
  });

  it('end with the feature, and are bounded for a person', async () => {
    const ana = await tracker.person();
    const id = await tracker.poc(ana);
    const streams = [];
    for (let count = 0; count < 10; count += 1) streams.push(await follow(ana, id));
    expect(await outcome(ana, 'GET', `/pocs/${id}/events`)).toBe('429 RATE_LIMIT_EXCEEDED');
    await tracker.sql(`UPDATE tenants SET features = '{"real_time_dojos": false}' WHERE id = $1`, [
      ana.tenantId,
    ]);
    await Promise.all(streams.map(({ ended }) => ended));
    expect(streams[0]?.text()).toContain('FEATURE_NOT_AVAILABLE');
  });

  it('are told again to read all when the connection that brings them was lost', async () => {
    const ana = await tracker.person();
    const stream = await follow(ana, await tracker.poc(ana));
    await tracker.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'poc-tracker-events' AND datname = current_database()`,
    );
    const told = await pollUntil(
      async () => stream.text().includes('event: resync') || undefined,
      DEADLINE_MS,
    );
    expect(told).toBe(true);
    stream.stop();
  });
});

describe('what is told of another tenant', () => {
  it('is the same as of ids that nobody has, on every route with ids', async () => {
    const [ana, eve] = [
      await tracker.person({ role: 'admin' }),
      await tracker.person({ role: 'admin' }),
    ];
    const poc = await tracker.poc(ana);
    const { data: file } = await tracker.upload(ana, poc, Buffer.from('secret'));
    const own = await tracker.poc(eve);
    const routes: [string, (poc: string, file: string) => string, unknown?][] = [
      ['GET', (id) => `/pocs/${id}`],
      ['PUT', (id) => `/pocs/${id}`, { title: 'Mine now' }],
      ['PATCH', (id) => `/pocs/${id}`, { title: 'Mine now' }],
      ['DELETE', (id) => `/pocs/${id}`],
      ['GET', (id) => `/pocs/${id}/collaborators`],
      ['PUT', (id) => `/pocs/${id}/collaborators/${eve.userId}`],
      ['DELETE', (id) => `/pocs/${id}/collaborators/${eve.userId}`],
      ['GET', (id) => `/pocs/${id}/files`],
      ['POST', (id) => `/pocs/${id}/files?name=x`],
      ['GET', (id, fileId) => `/pocs/${id}/files/${fileId}`],
      ['GET', (id, fileId) => `/pocs/${id}/files/${fileId}/content`],
      ['DELETE', (id, fileId) => `/pocs/${id}/files/${fileId}`],
      ['GET', (_id, fileId) => `/pocs/${own}/files/${fileId}`],
      ['GET', (_id, fileId) => `/pocs/${own}/files/${fileId}/content`],
      ['DELETE', (_id, fileId) => `/pocs/${own}/files/${fileId}`],
      ['GET', (id) => `/pocs/${id}/events`],
    ];
    for (const [method, path, body] of routes) {
      const call = {
        token: eve.token,
        body,
        ...(method === 'POST' && { bytes: Buffer.from('x') }),
      };
      const foreign = await tracker.call(method, path(poc, file.id), call);
      const random = await tracker.call(method, path(randomUUID(), randomUUID()), call);
      expect([method, path('', ''), foreign.status]).toEqual([method, path('', ''), 404]);
      expect(withoutId(foreign.bytes)).toBe(withoutId(random.bytes));
    }
    expect((await tracker.call('GET', `/pocs/${poc}`, { token: ana.token })).status).toBe(200);
  });

  it('is nothing where the host names it', async () => {
    const [ana, eve] = [await tracker.person(), await tracker.person()];
    const { error } = await tracker.call('GET', '/pocs', { token: eve.token, host: ana.host });
    expect(error.code).toBe('TENANT_MISMATCH');
  });
});

describe('a token', () => {
  it('is refused once its session, its person or its tenant has ended, within a second', async () => {
    const endings: [string, (person: UserRecord) => Promise<unknown>, string][] = [
      ['session', (person) => tracker.revoke(person), 'TOKEN_REVOKED'],
      [
        'person',
        ({ userId }) =>
          tracker.sql(`UPDATE users SET status = 'suspended' WHERE id = $1`, [userId]),
        'TOKEN_REVOKED',
      ],
      [
        'tenant',
        ({ tenantId }) =>
          tracker.sql(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenantId]),
        'INVALID_TENANT',
      ],
    ];
    for (const [what, end, code] of endings) {
      const ana = await tracker.person();
      expect(await outcome(ana, 'GET', '/pocs')).toBe('200');
      await end(ana);
      const refused = await pollUntil(async () => {
        const { error } = await tracker.call('GET', '/pocs', { token: ana.token });
        return error.code === code || undefined;
      }, 1_000);
      expect([what, refused]).toEqual([what, true]);
    }
  });

  it('lets a tenant past its subscription read and not write', async () => {
    const ana = await tracker.person();
    const id = await tracker.poc(ana);
    await tracker.sql('UPDATE tenants SET subscription_ends_at = now() WHERE id = $1', [
      ana.tenantId,
    ]);
    const refused = await pollUntil(
      async () =>
        (await outcome(ana, 'PATCH', `/pocs/${id}`, { title: 'x' })) === '403 SUBSCRIPTION_ENDED' ||
        undefined,
      DEADLINE_MS,
    );
    expect(refused).toBe(true);
    expect((await tracker.upload(ana, id, Buffer.from('x'))).error.code).toBe('SUBSCRIPTION_ENDED');
    expect(await outcome(ana, 'GET', `/pocs/${id}`)).toBe('200');
  });
});

describe('the process', () => {
  it.each(['/health', '/health/live', '/health/ready', '/api/v1/health'])(
    'answers %s',
    async (path) => {
      const answer = await fetch(tracker.url + path);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ status: 'healthy' });
    },
  );

  it('shows its routes', async () => {
    const document = (await (await fetch(`${tracker.url}/docs-json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/api/v1/pocs/{pocId}/files/{fileId}/content');
  });
});
