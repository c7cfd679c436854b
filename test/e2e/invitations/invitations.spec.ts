import { createHttpApp, createLogger } from '@poc-tracker/http-service';
import { registerRequestContext, uuidv7 } from '@poc-tracker/tenancy';
import { createTestDatabase, type SeededUser } from '@poc-tracker/testing';
import type { Permission, Role } from '@poc-tracker/contracts';
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppModule } from '../../../apps/auth-service/src/app.module.js';
import { testConfig } from '../../../apps/auth-service/src/config/test-config.js';
import { type Answer, GOOD_PASSWORD, type Login, ServiceFixture } from '../service.fixture.js';
import { toApiError } from '../../../apps/auth-service/src/constraint-codes.js';

interface Sent {
  invitation: { id: string; status: string; expiresAt: string; sentCount: number };
  token: string;
  link: string;
}

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** Every line that the service logs, down to the finest level. */
const log: string[] = [];

let service: ServiceFixture;

beforeAll(async () => {
  const database = await createTestDatabase();
  const config = testConfig(database);
  const app = await createHttpApp(AppModule.forConfig(config), {
    settings: config.http,
    logger: createLogger('trace', { write: (line) => log.push(line) }),
    requestId: uuidv7,
    translateError: toApiError,
    prepare: registerRequestContext,
  });
  await app.init();
  service = await ServiceFixture.around(database, app);
});

afterAll(async () => {
  await service?.stop();
});

interface Scene {
  host: string;
  subdomain: string;
  tenantId: string;
  admin: SeededUser;
  /** Of the admin. */
  token: string;
}

async function scene(overrides: Parameters<ServiceFixture['tenant']>[0] = {}): Promise<Scene> {
  const { host, subdomain, tenantId } = await service.tenant({ maxUsers: 100, ...overrides });
  const admin = await service.user(tenantId, { role: 'admin' });
  return { host, subdomain, tenantId, admin, token: await tokenOf(host, admin) };
}

async function tokenOf(host: string, user: SeededUser): Promise<string> {
  return (await service.login(host, user)).tokens.accessToken;
}

/** Another person of the tenant, signed in. */
async function colleague(
  { host, tenantId }: Scene,
  role: Role,
  permissions: Permission[] = [],
): Promise<SeededUser & { token: string }> {
  const user = await service.user(tenantId, { role, permissions });
  return { ...user, token: await tokenOf(host, user) };
}

const address = (): string => `${randomUUID()}@example.com`;

const invite = (
  { host, token }: Pick<Scene, 'host' | 'token'>,
  email: string,
  role: Role = 'user',
): Promise<Answer<Sent>> =>
  service.call<Sent>('POST', '/auth/invitations', { host, token, body: { email, role } });

const register = (host: string, email: string, inviteToken?: string): Promise<Answer<Login>> =>
  service.call<Login>('POST', '/auth/register', {
    host,
    body: {
      email,
      password: GOOD_PASSWORD,
      firstName: 'Bia',
      lastName: 'Lima',
      ...(inviteToken !== undefined && { inviteToken }),
    },
  });

const resend = ({ host, token }: Scene, id: string): Promise<Answer<Sent>> =>
  service.call<Sent>('POST', `/auth/invitations/${id}/resend`, { host, token });

const revoke = ({ host, token }: Scene, id: string): Promise<Answer<Sent['invitation']>> =>
  service.call('DELETE', `/auth/invitations/${id}`, { host, token });

const makeLink = (
  { host, token }: Pick<Scene, 'host' | 'token'>,
  body: object,
): Promise<Answer<{ invitationLink: { id: string }; token: string; link: string }>> =>
  service.call('POST', '/auth/invitation-links', {
    host,
    token,
    body: { role: 'user', quota: 5, ...body },
  });

const expire = (id: string): Promise<unknown> =>
  service.sql(`UPDATE invites SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);

const outcome = ({ status, error }: Answer): string => (status < 400 ? `${status}` : error.code);

describe('an invitation', () => {
  it('is answered with its link once, and lets the person in with its role', async () => {
    const at = await scene();
    const email = address();
    const { status, data, headers } = await invite(at, ` ${email.toUpperCase()} `, 'manager');
    expect(status).toBe(201);
    expect(headers['cache-control']).toBe('no-store');
    expect(data.token).toMatch(/^pti1_[\w-]{43}$/);
    expect(data.link).toBe(
      `https://${at.subdomain}.poctracker.com/accept-invite#token=${data.token}`,
    );
    expect(data.invitation).toEqual({
      id: expect.any(String),
      email,
      role: 'manager',
      status: 'pending',
      invitedBy: at.admin.userId,
      sentCount: 1,
      createdAt: expect.any(String),
      lastSentAt: expect.any(String),
      expiresAt: expect.any(String),
      acceptedAt: null,
      acceptedBy: null,
      revokedAt: null,
    });
    const life = Date.parse(data.invitation.expiresAt) - Date.now();
    expect(life / 3_600_000).toBeCloseTo(24, 1);
    const joined = await register(at.host, email, data.token);
    expect(joined.status).toBe(201);
    expect(joined.data.user).toMatchObject({ email, role: 'manager' });
    const { id } = data.invitation;
    const read = await service.call('GET', `/auth/invitations/${id}`, at);
    expect(read.data).toMatchObject({ status: 'accepted', acceptedBy: joined.data.user.id });
  });

  it('takes its link from the configuration, whatever host the request names', async () => {
    const at = await scene();
    const { data } = await service.call<Sent>('POST', '/auth/invitations', {
      host: at.host,
      token: at.token,
      body: { email: address(), role: 'user' },
      headers: {
        'x-forwarded-host': 'evil.test',
        forwarded: 'host=evil.test;proto=http',
        'x-forwarded-proto': 'http',
      },
    });
    expect(new URL(data.link).origin).toBe(`https://${at.subdomain}.poctracker.com`);
  });

  it('lets one person in of twenty who accept it at once', async () => {
    const at = await scene();
    const email = address();
    const { token } = (await invite(at, email)).data;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => register(at.host, email, token)),
    );
    expect(answers.map(outcome).sort()).toEqual([
      '201',
      ...Array<string>(19).fill('INVALID_INVITE'),
    ]);
  });

  it('takes a seat when it is accepted, and the last one once', async () => {
    const at = await scene({ maxUsers: 3 });
    const emails = Array.from({ length: 10 }, address);
    const sent = await Promise.all(emails.map((email) => invite(at, email)));
    expect(sent.map(outcome)).toEqual(Array<string>(10).fill('201'));
    const answers = await Promise.all(
      emails.map((email, index) => register(at.host, email, sent[index]?.data.token)),
    );
    expect(answers.map(outcome).sort()).toEqual([
      '201',
      '201',
      ...Array<string>(8).fill('USER_LIMIT_EXCEEDED'),
    ]);
    const open = await service.call<Page<unknown>>('GET', '/auth/invitations', {
      ...at,
      query: { status: 'pending' },
    });
    expect(open.data.items).toHaveLength(8);
  });

  it('is refused alike, whatever is wrong with its token', async () => {
    const at = await scene();
    const elsewhere = await scene();
    const email = address();
    const { invitation, token } = (await invite(at, email)).data;
    const altered = token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + (token.at(-1) ?? '');
    const used = (await invite(at, address())).data;
    const usedBy = address();
    const foreign = (await invite(elsewhere, email)).data.token;
    const revoked = (await invite(at, usedBy)).data;
    await revoke(at, revoked.invitation.id);
    const expired = await scene();
    const expiredToken = (await invite(expired, email)).data;
    await expire(expiredToken.invitation.id);
    const answers = [
      await register(at.host, email, 'no token at all'),
      await register(at.host, email, altered),
      await register(at.host, email, token.slice(5)),
      await register(at.host, email, token.replace('pti1_', 'ptl1_')),
      await register(at.host, email, createHash('sha256').update(token).digest('hex')),
      await register(at.host, email, foreign),
      await register(elsewhere.host, email, token),
      await register(at.host, address(), token),
      await register(at.host, address(), used.token),
      await register(at.host, usedBy, revoked.token),
      await register(expired.host, email, expiredToken.token),
    ];
    const bodies = answers.map(({ status, error: { code, error } }) => ({ status, code, error }));
    expect(new Set(bodies.map((body) => JSON.stringify(body)))).toEqual(
      new Set([JSON.stringify({ ...bodies[0], status: 400, code: 'INVALID_INVITE' })]),
    );
    expect(invitation.status).toBe('pending');
    expect(outcome(await register(at.host, email, token))).toBe('201');
    expect(outcome(await register(at.host, email, token))).toBe('INVALID_INVITE');
  });

  it('is accepted by no GET, and not by asking what it is', async () => {
    const at = await scene();
    const email = `carla-${address()}`;
    const { invitation, token } = (await invite(at, email, 'viewer')).data;
    for (const path of ['/auth/invitations/inspect', '/auth/register', '/accept-invite'])
      expect(
        (await service.call('GET', path, { host: at.host, query: { token } })).status,
      ).not.toBe(200);
    const inspect = (host: string, presented: string): Promise<Answer> =>
      service.call('POST', '/auth/invitations/inspect', { host, body: { token: presented } });
    const seen = await inspect(at.host, token);
    expect(seen.data).toEqual({
      kind: 'user',
      tenantName: expect.any(String),
      role: 'viewer',
      email: 'c***@example.com',
      allowedDomains: [],
      expiresAt: invitation.expiresAt,
    });
    expect(outcome(await inspect((await scene()).host, token))).toBe('INVALID_INVITE');
    expect(outcome(await inspect(at.host, `${token.slice(0, -1)}!`))).toBe('INVALID_INVITE');
    expect(outcome(await register(at.host, email, token))).toBe('201');
    expect(outcome(await inspect(at.host, token))).toBe('INVALID_INVITE');
  });

  it('ignores a role that is sent along', async () => {
    const at = await scene();
    const email = address();
    const { token } = (await invite(at, email, 'viewer')).data;
    const { status, error } = await service.call('POST', '/auth/register', {
      host: at.host,
      body: {
        email,
        password: GOOD_PASSWORD,
        firstName: 'B',
        lastName: 'L',
        inviteToken: token,
        role: 'admin',
      },
    });
    expect([status, error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect((await register(at.host, email, token)).data.user['role']).toBe('viewer');
  });

  it('has no use for somebody who is a person of the tenant already', async () => {
    const at = await scene();
    const known = await colleague(at, 'user');
    expect(outcome(await invite(at, known.email))).toBe('USER_EXISTS');
    const email = address();
    const { invitation, token } = (await invite(at, email)).data;
    await service.user(at.tenantId, { email });
    expect(outcome(await register(at.host, email, token))).toBe('USER_EXISTS');
    expect(outcome(await resend(at, invitation.id))).toBe('USER_EXISTS');
    expect(
      await service.sql('SELECT 1 FROM invites WHERE id = $1 AND accepted_at IS NULL', [
        invitation.id,
      ]),
    ).toHaveLength(1);
  });

  it('is open once for an address, and again after its end', async () => {
    const at = await scene();
    const email = address();
    const first = await invite(at, email);
    const together = await Promise.all(
      Array.from({ length: 10 }, () => invite(at, email)).concat(
        resend(at, first.data.invitation.id),
      ),
    );
    expect(together.slice(0, 10).map(outcome)).toEqual(Array<string>(10).fill('INVITE_EXISTS'));
    await expire(first.data.invitation.id);
    const second = await invite(at, email);
    expect(outcome(second)).toBe('201');
    expect(outcome(await resend(at, first.data.invitation.id))).toBe('INVITE_EXISTS');
    const list = await service.call<Page<{ status: string }>>('GET', '/auth/invitations', at);
    expect(list.data.items.map(({ status }) => status)).toEqual(['pending', 'expired']);
    expect(outcome(await register(at.host, email, first.data.token))).toBe('INVALID_INVITE');
    expect(outcome(await register(at.host, email, second.data.token))).toBe('201');
  });

  it('that has expired stands in the way of nobody, whatever role it was for', async () => {
    const at = await scene();
    const email = address();
    const first = (await invite(at, email, 'admin')).data;
    const manager = { ...at, token: (await colleague(at, 'manager')).token };
    expect(outcome(await invite(manager, email))).toBe('INVITE_EXISTS');
    await expire(first.invitation.id);
    const second = await invite(manager, email);
    expect(outcome(second)).toBe('201');
    expect(outcome(await register(at.host, email, first.token))).toBe('INVALID_INVITE');
    expect((await register(at.host, email, second.data.token)).data.user['role']).toBe('user');
  });

  it('sent again has a new token for another day, and the one before is dead', async () => {
    const at = await scene();
    const email = address();
    const first = (await invite(at, email)).data;
    await expire(first.invitation.id);
    const again = (await resend(at, first.invitation.id)).data;
    expect(again.invitation).toMatchObject({ status: 'pending', sentCount: 2 });
    expect(Date.parse(again.invitation.expiresAt) - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect(outcome(await register(at.host, email, first.token))).toBe('INVALID_INVITE');
    expect(outcome(await register(at.host, email, again.token))).toBe('201');
    expect(outcome(await resend(at, first.invitation.id))).toBe('INVALID_INVITE');
    expect(outcome(await revoke(at, first.invitation.id))).toBe('INVALID_INVITE');
  });

  it('sent again and accepted at the same moment by the old token comes to one of the two', async () => {
    for (let round = 0; round < 5; round += 1) {
      const at = await scene();
      const email = address();
      const first = (await invite(at, email)).data;
      const [again, joined] = await Promise.all([
        resend(at, first.invitation.id),
        register(at.host, email, first.token),
      ]);
      const outcomes = [outcome(again), outcome(joined)];
      expect([
        ['200', 'INVALID_INVITE'],
        ['INVALID_INVITE', '201'],
        ['USER_EXISTS', '201'],
      ]).toContainEqual(outcomes);
    }
  });

  it('once revoked stays revoked', async () => {
    const at = await scene();
    const email = address();
    const { invitation, token } = (await invite(at, email)).data;
    expect((await revoke(at, invitation.id)).data.status).toBe('revoked');
    expect((await revoke(at, invitation.id)).data.status).toBe('revoked');
    expect(outcome(await register(at.host, email, token))).toBe('INVALID_INVITE');
    expect(outcome(await resend(at, invitation.id))).toBe('INVALID_INVITE');
    expect(outcome(await invite(at, email))).toBe('201');
  });

  it('shows its token nowhere else: not in an answer, the database, the audit trail or the log', async () => {
    const at = await scene();
    const email = address();
    const first = (await invite(at, email)).data;
    const again = (await resend(at, first.invitation.id)).data;
    const { data: link } = await makeLink(at, {});
    await service.call('POST', '/auth/invitations/inspect', {
      host: at.host,
      body: { token: again.token },
    });
    await register(at.host, 'not an address', again.token);
    await register(at.host, address(), again.token);
    await register(at.host, email, again.token);
    await register(at.host, address(), link.token);
    const answers = [
      await service.call('GET', '/auth/invitations', at),
      await service.call('GET', `/auth/invitations/${first.invitation.id}`, at),
      await service.call('GET', '/auth/invitation-links', at),
      await service.call('GET', `/auth/invitation-links/${link.invitationLink.id}`, at),
    ].map(({ text }) => text);
    const tables = await service.sql<{ name: string }>(
      `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const rows: unknown[] = [];
    for (const { name } of tables) {
      // The hash is where it belongs, and in the audit trail it is not.
      const shown = name === 'invites' || name === 'invite_links' ? `- 'token_hash'` : '';
      rows.push(...(await service.sql(`SELECT to_jsonb(t) ${shown} AS row FROM ${name} t`)));
    }
    const everything = answers.join('\n') + JSON.stringify(rows) + log.join('\n');
    expect(log.length).toBeGreaterThan(10);
    for (const { token } of [first, again, link]) {
      const hash = createHash('sha256').update(token).digest();
      for (const secret of [token, token.slice(5), hash.toString('hex'), hash.toString('base64')])
        expect(everything).not.toContain(secret);
    }
  });
});

describe('who may invite', () => {
  it('gives roles up to the own one, with the permission of the role or of their own', async () => {
    const at = await scene();
    const manager = { host: at.host, token: (await colleague(at, 'manager')).token };
    const helper = {
      host: at.host,
      token: (await colleague(at, 'user', ['manage_invites'])).token,
    };
    const user = { host: at.host, token: (await colleague(at, 'user')).token };
    expect(outcome(await invite(manager, address(), 'manager'))).toBe('201');
    expect(await invite(manager, address(), 'admin')).toMatchObject({
      status: 403,
      error: { code: 'INSUFFICIENT_PERMISSIONS', details: { reason: 'role_above_own' } },
    });
    expect(outcome(await invite(helper, address(), 'user'))).toBe('201');
    expect(outcome(await invite(helper, address(), 'manager'))).toBe('INSUFFICIENT_PERMISSIONS');
    expect(outcome(await makeLink(helper, { role: 'manager' }))).toBe('INSUFFICIENT_PERMISSIONS');
    expect(outcome(await makeLink(helper, { role: 'viewer' }))).toBe('201');
    expect(outcome(await invite(user, address(), 'viewer'))).toBe('INSUFFICIENT_PERMISSIONS');
    expect((await service.call('GET', '/auth/invitations', helper)).status).toBe(200);
  });

  it('neither sends again nor takes back what stands above them, and finds nothing of another tenant', async () => {
    const at = await scene();
    const { id } = (await invite(at, address(), 'admin')).data.invitation;
    const manager = { ...at, token: (await colleague(at, 'manager')).token };
    expect(outcome(await resend(manager, id))).toBe('INSUFFICIENT_PERMISSIONS');
    expect(outcome(await revoke(manager, id))).toBe('INSUFFICIENT_PERMISSIONS');
    const other = await scene();
    const foreign = (await invite(other, address())).data.invitation.id;
    expect(outcome(await resend(at, foreign))).toBe('NOT_FOUND');
    expect(outcome(await revoke(at, foreign))).toBe('NOT_FOUND');
    expect(outcome(await service.call('GET', `/auth/invitations/${foreign}`, at))).toBe(
      'NOT_FOUND',
    );
  });

  it.each([
    ['suspended', `UPDATE users SET status = 'suspended' WHERE id = $1`],
    [
      'demoted below the role that they gave',
      `UPDATE users SET role = 'user', permissions = '["manage_invites"]' WHERE id = $1`,
    ],
    ['deleted', 'DELETE FROM users WHERE id = $1'],
  ])(
    'takes the invitations along when they are %s, until somebody else vouches',
    async (_what, change) => {
      const at = await scene();
      const manager = await colleague(at, 'manager');
      const email = address();
      const sent = (await invite({ ...at, token: manager.token }, email, 'manager')).data;
      await service.sql(change, [manager.userId]);
      expect(outcome(await register(at.host, email, sent.token))).toBe('INVALID_INVITE');
      const again = (await resend(at, sent.invitation.id)).data;
      expect(outcome(await register(at.host, email, again.token))).toBe('201');
    },
  );
});

describe('whoever may no longer invite', () => {
  it('leaves invitations and links behind that are worth nothing, although they stand above the role', async () => {
    const at = await scene();
    const helper = await colleague(at, 'user', ['manage_invites']);
    const as = { ...at, token: helper.token };
    const email = address();
    const { token } = (await invite(as, email, 'viewer')).data;
    const { data: link } = await makeLink(as, { role: 'viewer' });
    const taken = await service.call('POST', `/auth/users/${helper.userId}/role`, {
      token: at.token,
      body: { role: 'user', permissions: [] },
    });
    expect(taken.status).toBe(200);
    for (const presented of [token, link.token]) {
      expect(outcome(await register(at.host, email, presented))).toBe('INVALID_INVITE');
      const body = { token: presented };
      expect(
        outcome(await service.call('POST', '/auth/invitations/inspect', { host: at.host, body })),
      ).toBe('INVALID_INVITE');
    }
  });
});

describe('the list of invitations', () => {
  it('comes in pages, newest first, by status, and of this tenant alone', async () => {
    const at = await scene();
    const sent: string[] = [];
    for (let index = 0; index < 7; index += 1)
      sent.unshift((await invite(at, address())).data.invitation.id);
    await revoke(at, sent[2] ?? '');
    await expire(sent[4] ?? '');
    await invite(await scene(), address());
    const walk = async (query: Record<string, string>): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Answer<Page<{ id: string }>> = await service.call('GET', '/auth/invitations', {
          host: at.host,
          token: at.token,
          query: { limit: '2', ...query, ...(cursor !== null && { cursor }) },
        });
        expect(page.status).toBe(200);
        found.push(...page.data.items.map(({ id }) => id));
        cursor = page.data.nextCursor;
      } while (cursor !== null);
      return found;
    };
    expect(await walk({})).toEqual(sent);
    expect(await walk({ status: 'revoked' })).toEqual([sent[2]]);
    expect(await walk({ status: 'expired' })).toEqual([sent[4]]);
    expect(await walk({ status: 'accepted' })).toEqual([]);
    expect(await walk({ status: 'pending' })).toEqual(
      sent.filter((_id, index) => index !== 2 && index !== 4),
    );
    const other = await scene();
    await invite(other, address());
    await invite(other, address());
    const { nextCursor } = (
      await service.call<Page<unknown>>('GET', '/auth/invitations', {
        ...other,
        query: { limit: '1' },
      })
    ).data;
    const query = { cursor: nextCursor ?? '' };
    expect(outcome(await service.call('GET', '/auth/invitations', { ...at, query }))).toBe(
      'VALIDATION_ERROR',
    );
    expect(
      outcome(await service.call('GET', '/auth/invitations', { ...at, query: { status: 'open' } })),
    ).toBe('VALIDATION_ERROR');
  });
});

describe('several invitations at once', () => {
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

  it('have a result each, in their order', async () => {
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

  it('are at most a hundred, and none is written when one is malformed', async () => {
    const at = await scene();
    const many = Array.from({ length: 100 }, () => ({ email: address(), role: 'user' }));
    const malformed = await bulk(at, [...many.slice(0, 2), { email: 'nobody', role: 'user' }]);
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

  it('of the same people by several senders at once come to one invitation each', async () => {
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

describe('a link invitation', () => {
  it('lets in as many as its quota says, however many come at once, and tells who came', async () => {
    const at = await scene();
    const { data } = await makeLink(at, { role: 'viewer', quota: 3 });
    expect(data.token).toMatch(/^ptl1_[\w-]{43}$/);
    expect(data.invitationLink).toMatchObject({ status: 'open', quota: 3, usedCount: 0 });
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => register(at.host, address(), data.token)),
    );
    expect(answers.map(outcome).sort()).toEqual([
      '201',
      '201',
      '201',
      ...Array<string>(22).fill('INVALID_INVITE'),
    ]);
    const joined = answers.filter(({ status }) => status === 201).map((answer) => answer.data.user);
    expect(joined.map((user) => user['role'])).toEqual(['viewer', 'viewer', 'viewer']);
    const path = `/auth/invitation-links/${data.invitationLink.id}`;
    expect((await service.call('GET', path, at)).data).toMatchObject({
      status: 'used_up',
      usedCount: 3,
    });
    const uses = await service.call<Page<{ userId: string }>>('GET', `${path}/uses`, at);
    expect(uses.data.items.map(({ userId }) => userId).sort()).toEqual(
      joined.map(({ id }) => id).sort(),
    );
  });

  it('serves the addresses of its domains alone', async () => {
    const at = await scene();
    const { data } = await makeLink(at, { allowedDomains: [' ACME.example '] });
    for (const email of ['a@other.example', 'a@x.acme.example', '"@acme.example@"@evil.test'])
      expect(outcome(await register(at.host, email, data.token))).toBe('INVALID_INVITE');
    expect(outcome(await register(at.host, 'a@acme.example', data.token))).toBe('201');
  });

  it('takes no use of somebody who has an account, and none when the tenant is full', async () => {
    const at = await scene({ maxUsers: 2 });
    const { data } = await makeLink(at, { quota: 2 });
    expect(outcome(await register(at.host, at.admin.email, data.token))).toBe('USER_EXISTS');
    expect(outcome(await register(at.host, address(), data.token))).toBe('201');
    expect(outcome(await register(at.host, address(), data.token))).toBe('USER_LIMIT_EXCEEDED');
    const { data: links } = await service.call<Page<{ usedCount: number }>>(
      'GET',
      '/auth/invitation-links',
      at,
    );
    expect(links.items.map(({ usedCount }) => usedCount)).toEqual([1]);
  });

  it('ends when it is revoked, when its time is over, and with the rights of its maker', async () => {
    const at = await scene();
    const manager = await colleague(at, 'manager');
    const links = [
      (await makeLink(at, {})).data,
      (await makeLink(at, { expiresInHours: 1 })).data,
      (await makeLink({ ...at, token: manager.token }, {})).data,
    ];
    const [revoked, expired] = links.map(({ invitationLink }) => invitationLink.id);
    const path = `/auth/invitation-links/${revoked ?? ''}`;
    expect((await service.call('DELETE', path, at)).data).toMatchObject({ status: 'revoked' });
    expect((await service.call('DELETE', path, at)).status).toBe(200);
    await service.sql(`UPDATE invite_links SET expires_at = now() WHERE id = $1`, [expired]);
    await service.sql(`UPDATE users SET status = 'suspended' WHERE id = $1`, [manager.userId]);
    for (const { token } of links)
      expect(outcome(await register(at.host, address(), token))).toBe('INVALID_INVITE');
  });

  it.each([
    ['role', { role: 'admin' }],
    ['quota', { quota: 0 }],
    ['quota', { quota: 10_001 }],
    ['quota', { quota: '3' }],
    ['expiresInHours', { expiresInHours: 721 }],
    ['allowedDomains', { allowedDomains: ['no domain'] }],
    ['allowedDomains', { allowedDomains: ['@acme.example'] }],
    ['allowedDomains', { allowedDomains: null }],
    ['usedCount', { usedCount: -5 }],
  ])('is refused with a wrong field, which is named: %s', async (field, change) => {
    const answer = await makeLink(await scene(), change);
    expect(answer).toMatchObject({ status: 400, error: { code: 'VALIDATION_ERROR' } });
    expect((answer.error.details as { field: string }[]).map((detail) => detail.field)).toContain(
      field,
    );
  });
});

describe('who may register', () => {
  async function withMode(mode: string): Promise<Scene> {
    const at = await scene();
    await service.sql(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value, chosen)
       VALUES ($1, 'registration', $2, '{mode}')
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = excluded.setting_value, chosen = excluded.chosen`,
      [at.tenantId, JSON.stringify({ mode })],
    );
    return at;
  }

  it('is everybody unless the tenant says otherwise', async () => {
    expect(outcome(await register((await scene()).host, address()))).toBe('201');
  });

  it('is whoever is invited where the tenant says so, with no word on who has an account', async () => {
    const at = await withMode('invited');
    const answers = [
      await register(at.host, address()),
      await register(at.host, at.admin.email),
    ].map(({ status, error: { code, error, details } }) => ({ status, code, error, details }));
    expect(answers[0]).toMatchObject({ status: 403, code: 'REGISTRATION_REFUSED' });
    expect(answers[1]).toEqual(answers[0]);
    const email = address();
    const { token } = (await invite(at, email)).data;
    expect(outcome(await register(at.host, email, token))).toBe('201');
    const link = (await makeLink(at, {})).data;
    expect(outcome(await register(at.host, address(), link.token))).toBe('201');
  });

  it('is whoever has an address of a proven domain, or is invited, where the tenant says so', async () => {
    const at = await withMode('domains');
    const [proven, claimed] = [`${randomUUID()}.example`, `${randomUUID()}.example`];
    await service.sql(
      `INSERT INTO tenant_domains (tenant_id, domain, token, verified_at)
       VALUES ($1, $2, 'a', now()), ($1, $3, 'b', NULL)`,
      [at.tenantId, proven, claimed],
    );
    for (const email of [
      `a@${claimed}`,
      `a@sub.${proven}`,
      `a@${proven}.evil.test`,
      `"@${proven}@"@evil.test`,
      at.admin.email,
    ])
      expect(outcome(await register(at.host, email))).toBe('REGISTRATION_REFUSED');
    expect(outcome(await register(at.host, `a@${proven.toUpperCase()}`))).toBe('201');
    const email = address();
    const { token } = (await invite(at, email)).data;
    expect(outcome(await register(at.host, email, token))).toBe('201');
    const other = await withMode('domains');
    expect(outcome(await register(other.host, `a@${proven}`))).toBe('REGISTRATION_REFUSED');
  });

  it('is nobody while the tenant can only be read', async () => {
    const at = await scene();
    await service.sql(`UPDATE tenants SET subscription_ends_at = now() WHERE id = $1`, [
      at.tenantId,
    ]);
    expect(outcome(await register(at.host, address()))).toBe('SUBSCRIPTION_ENDED');
  });
});

describe('the trail of invitations', () => {
  it('tells who invited, sent again, revoked and accepted, and who registered', async () => {
    const at = await scene();
    const email = address();
    const first = (await invite(at, email)).data;
    const again = (await resend(at, first.invitation.id)).data;
    const joined = await register(at.host, email, again.token);
    const gone = (await invite(at, address())).data;
    await revoke(at, gone.invitation.id);
    const events = await service.sql<{ type: string; actor: string }>(
      `SELECT type, actor_id AS actor FROM security_events
        WHERE tenant_id = $1 AND type ~ '^(invitation|user)' ORDER BY id`,
      [at.tenantId],
    );
    const { userId: admin } = at.admin;
    const guest = joined.data.user.id;
    expect(events).toEqual([
      { type: 'invitation.created', actor: admin },
      { type: 'invitation.resent', actor: admin },
      { type: 'invitation.accepted', actor: guest },
      { type: 'user.registered', actor: guest },
      { type: 'invitation.created', actor: admin },
      { type: 'invitation.revoked', actor: admin },
    ]);
  });
});
