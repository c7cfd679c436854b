import { describe, expect, it } from 'vitest';
import { type Answer } from '../service.fixture.js';
import {
  address,
  colleague,
  invite,
  outcome,
  register,
  scene,
  type Scene,
  type Sent,
  service,
  useInvitationService,
} from './invitations.fixture.js';

useInvitationService();

describe('A bulk invitation', () => {
  interface Result {
    email: string;
    created: boolean;
    code?: string;
    sent?: Sent;
  }
  const bulk = (
    { host, token }: Pick<Scene, 'host' | 'token'>,
    invitations: unknown,
  ): Promise<Answer<{ results: Result[] }>> =>
    service.call('POST', '/auth/invitations/bulk', { host, token, body: { invitations } });

  it('returns one result per address, in the order of the request', async () => {
    const at = await scene();
    const manager = await colleague(at, 'manager');
    const [fresh, invited, twice] = [address(), address(), address()];
    await invite(at, invited);
    const { status, data } = await bulk({ host: at.host, token: manager.token }, [
      { email: fresh, role: 'user' },
      { email: invited, role: 'user' },
      { email: at.admin.email, role: 'user' },
      { email: address(), role: 'admin' },
      { email: twice, role: 'viewer' },
      { email: twice, role: 'user' },
    ]);
    expect(status).toBe(200);
    expect(data.results.map(({ code, created }) => (created ? 'created' : code))).toEqual([
      'created',
      'INVITE_EXISTS',
      'USER_EXISTS',
      'INSUFFICIENT_PERMISSIONS',
      'created',
      'INVITE_EXISTS',
    ]);
    expect(data.results.map(({ email }) => email).slice(0, 2)).toEqual([fresh, invited]);
    const joined = await register(at.host, fresh, data.results[0]?.sent?.token);
    expect(outcome(joined)).toBe('201');
  });

  it('accepts at most 100 addresses and writes nothing when one is malformed', async () => {
    const at = await scene();
    const many = Array.from({ length: 100 }, () => ({ email: address(), role: 'user' }));
    const malformed = await bulk(at, [
      ...many.slice(0, 2),
      { email: 'not-an-address', role: 'user' },
    ]);
    expect(malformed).toMatchObject({
      status: 400,
      error: { details: [expect.objectContaining({ field: 'invitations.2.email' })] },
    });
    expect(outcome(await bulk(at, [...many, { email: address(), role: 'user' }]))).toBe(
      'VALIDATION_ERROR',
    );
    for (const wrong of [
      [],
      null,
      'x',
      [null],
      [[]],
      [many],
      [{ email: address(), role: 'user', x: 1 }],
    ])
      expect(outcome(await bulk(at, wrong))).toBe('VALIDATION_ERROR');
    const [row] = await service.sql<{ count: number }>(
      'SELECT count(*)::int AS count FROM invites WHERE tenant_id = $1',
      [at.tenantId],
    );
    expect(row?.count).toBe(0);
    const all = await bulk(at, many);
    expect(all.data.results.every(({ created }) => created)).toBe(true);
  });

  it('sent several times at once creates one invitation per address', async () => {
    const at = await scene();
    const emails = Array.from({ length: 20 }, address);
    const answers = await Promise.all(
      [emails, [...emails].reverse(), emails, [...emails].reverse()].map((order) =>
        bulk(
          at,
          order.map((email) => ({ email, role: 'user' })),
        ),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const created = answers.flatMap(({ data }) =>
      data.results.filter((result) => result.created).map(({ email }) => email),
    );
    expect(created.sort()).toEqual([...emails].sort());
  });
});
