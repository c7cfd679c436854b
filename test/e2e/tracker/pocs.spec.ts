import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pollUntil } from '@poc-tracker/embedded';
import { describe, expect, it } from 'vitest';
import type { UserRecord } from './tracker.fixture.js';
import { DEADLINE_MS, outcome, tracker, useTracker } from './running-tracker.fixture.js';

useTracker();

describe('POCs', () => {
  it('can be created, read, updated, replaced and deleted', async () => {
    const ana = await tracker.user();
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
    const replaced = await tracker.call('PUT', at, { token, body: { title: 'Another' } });
    expect(replaced.data).toMatchObject({ title: 'Another', status: 'draft', description: '' });
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
  ])('are refused with the name of the invalid field: %j', async (body, field) => {
    const { token } = await tracker.user();
    const { status, error } = await tracker.call('POST', '/pocs', { token, body });
    expect(status).toBe(400);
    expect(error.details).toContainEqual(expect.objectContaining({ field }));
  });

  it('are listed newest first, page by page, by status and by author', async () => {
    const ana = await tracker.user();
    const bia = await tracker.user({ tenant: ana });
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

  it('are found by the beginning of their title, in any case and without wildcards', async () => {
    const ana = await tracker.user();
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
    'are not listed for the invalid cursor %s',
    async (cursor) => {
      const ana = await tracker.user();
      expect(await outcome(ana, 'GET', `/pocs?cursor=${cursor}`)).toBe('400 VALIDATION_ERROR');
    },
  );

  it('refuse a cursor of another tenant', async () => {
    const [ana, eve] = [await tracker.user(), await tracker.user()];
    for (const user of [ana, ana]) await tracker.poc(user);
    const { nextCursor } = await page(ana, '?limit=1');
    expect(await outcome(ana, 'GET', `/pocs?cursor=${nextCursor}`)).toBe('200');
    expect(await outcome(eve, 'GET', `/pocs?cursor=${nextCursor}`)).toBe('400 VALIDATION_ERROR');
  });

  it('refuse a cursor of another list and of the same list with another filter', async () => {
    const ana = await tracker.user();
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

  async function ids(user: UserRecord, query: string): Promise<string[]> {
    return (await page(user, query)).items.map(({ id }) => id);
  }

  async function found(user: UserRecord, search: string): Promise<string[]> {
    const { items } = await page(user, `?search=${encodeURIComponent(search)}`);
    return items.map(({ title }) => title);
  }
});

describe('The POC limit of a tenant', () => {
  it('accepts exactly 3 of 50 parallel POCs if 3 fit, and reports limit and usage to the others', async () => {
    const tenant = await tracker.tenant({ maxPocs: 5 });
    const ana = await tracker.user({ tenant });
    for (const user of [ana, ana]) await tracker.poc(user);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        tracker.call('POST', '/pocs', { token: ana.token, body: { title: 'One more' } }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBe(3);
    for (const { status, error } of refused) {
      expect([status, error.code]).toEqual([403, 'POC_LIMIT_EXCEEDED']);
      expect(error.details).toMatchObject({ limits: { maxPocs: 5 }, usage: { pocs: 5 } });
    }
    expect(await tracker.usage(tenant.tenantId)).toMatchObject({ pocs: 5 });
  });

  it('counts exactly what exists when half of the clients disconnect', async () => {
    const tenant = await tracker.tenant({ maxPocs: 10 });
    const ana = await tracker.user({ tenant });
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
    // Until the last aborted request was rolled back or committed.
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

  it('frees a place when a POC is deleted', async () => {
    const tenant = await tracker.tenant({ maxPocs: 1 });
    const ana = await tracker.user({ tenant });
    const id = await tracker.poc(ana);
    const body = { title: 'Another' };
    expect(await outcome(ana, 'POST', '/pocs', body)).toBe('403 POC_LIMIT_EXCEEDED');
    await tracker.call('DELETE', `/pocs/${id}`, { token: ana.token });
    expect(await outcome(ana, 'POST', '/pocs', body)).toBe('201');
  });
});
