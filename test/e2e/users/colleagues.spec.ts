import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceFixture } from '../service.fixture.js';
import { workspaceOf } from './users.fixture.js';

interface Page {
  items: { id: string; firstName: string; lastName: string; avatarUrl: string | null }[];
  nextCursor: string | null;
}

let service: ServiceFixture;

beforeAll(async () => {
  service = await ServiceFixture.start();
});

afterAll(async () => {
  await service?.stop();
});

const list = (token: string, query: Record<string, string> = {}) =>
  service.call<Page>('GET', '/auth/colleagues', { token, query });

const namesIn = ({ data }: { data: Page }): string[] =>
  data.items.map(({ firstName, lastName }) => `${firstName} ${lastName}`);

async function team() {
  const workspace = await workspaceOf(service);
  const viewer = await workspace.join('viewer');
  const rename = (userId: string, first: string | null, last: string | null) =>
    service.sql('UPDATE users SET first_name = $2, last_name = $3 WHERE id = $1', [
      userId,
      first,
      last,
    ]);
  await rename(viewer.userId, 'Vera', 'Lima');
  const add = async (first: string | null, last: string | null, status?: 'inactive') => {
    const { userId } = await service.user(workspace.tenantId, {
      role: 'admin',
      ...(status !== undefined && { status }),
    });
    await rename(userId, first, last);
    return userId;
  };
  return { ...workspace, viewer, add };
}

describe('The colleagues of a user', () => {
  it('are the active users of the tenant, without addresses and rights, for every role', async () => {
    const { join, viewer, add } = await team();
    const ana = await add('Ana', 'Souza');
    await add('Gone', 'Away', 'inactive');
    const elsewhere = await team();
    await elsewhere.add('Other', 'Tenant');
    for (const { token } of [viewer, await join('user')]) {
      const { status, data } = await list(token);
      expect(status).toBe(200);
      expect(data.items).toContainEqual({
        id: ana,
        firstName: 'Ana',
        lastName: 'Souza',
        avatarUrl: null,
      });
      expect(JSON.stringify(data)).not.toMatch(/Gone|Other|@|admin/);
    }
  });

  it('are found by the start of a name or last name, and never by an address', async () => {
    const { viewer, add } = await team();
    await add('Ângela', 'Prado');
    await add('Bia', 'Angelim');
    await add('Carlos', 'Mota');
    await add(null, null);
    expect(namesIn(await list(viewer.token, { q: 'ange' }))).toEqual([
      'Ângela Prado',
      'Bia Angelim',
    ]);
    expect(namesIn(await list(viewer.token, { q: viewer.email.slice(0, 8) }))).toEqual([]);
  });

  it('are listed page by page, each once, and a cursor belongs to one list and tenant', async () => {
    const { viewer, add } = await team();
    for (let index = 0; index < 7; index += 1) await add(`Ana${index % 3}`, 'Ana');
    for (const q of [undefined, 'ana']) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: { data: Page } = await list(viewer.token, {
          limit: '2',
          ...(q !== undefined && { q }),
          ...(cursor !== null && { cursor }),
        });
        expect(page.data.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.data.items.map(({ id }) => id));
        cursor = page.data.nextCursor;
      } while (cursor !== null);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toHaveLength(q === undefined ? 8 : 7);
    }
    const { nextCursor } = (await list(viewer.token, { limit: '2' })).data;
    const elsewhere = await team();
    for (const [token, query] of [
      [elsewhere.viewer.token, {}],
      [viewer.token, { q: 'ana' }],
    ] as const)
      expect(await list(token, { ...query, cursor: nextCursor ?? '' })).toMatchObject({
        status: 400,
        error: { details: [{ field: 'cursor' }] },
      });
    expect((await list(viewer.token, { limit: '101' })).status).toBe(400);
  });
});

describe('The profile of a user', () => {
  const update = (token: string, body: object) =>
    service.call<Record<string, unknown>>('PUT', '/auth/me', { token, body });

  it('has a picture, which colleagues see', async () => {
    const { viewer } = await team();
    const avatarUrl = 'https://cdn.acme.example/vera.png';
    expect((await update(viewer.token, { avatarUrl })).data).toMatchObject({ avatarUrl });
    expect((await list(viewer.token)).data.items[0]).toMatchObject({ avatarUrl });
    expect((await update(viewer.token, { avatarUrl: null })).data).toMatchObject({
      avatarUrl: null,
    });
  });

  it.each(['http://acme.example/a.png', 'https:a.com', 'https://acme.example/"', 'x', 7])(
    'refuses the picture %s',
    async (avatarUrl) => {
      const { viewer } = await team();
      expect(await update(viewer.token, { avatarUrl })).toMatchObject({
        status: 400,
        error: { code: 'VALIDATION_ERROR', details: [{ field: 'avatarUrl' }] },
      });
    },
  );

  it('counts log-ins, has the times of its creation and change, and never a name of null', async () => {
    const { host, viewer } = await team();
    await service.sql('UPDATE users SET first_name = NULL, last_name = NULL WHERE id = $1', [
      viewer.userId,
    ]);
    const { user } = await service.login(host, viewer);
    expect(user).toMatchObject({
      firstName: '',
      lastName: '',
      loginCount: 2,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
  });
});
