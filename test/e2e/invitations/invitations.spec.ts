import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Answer, GOOD_PASSWORD } from '../service.fixture.js';
import {
  address,
  colleague,
  expire,
  invite,
  log,
  makeLink,
  outcome,
  type Page,
  register,
  resend,
  revoke,
  scene,
  type Sent,
  service,
  useInvitationService,
} from './invitations.fixture.js';

useInvitationService();

describe('An invitation', () => {
  it('returns its link once and registers the user with its role', async () => {
    const at = await scene();
    const email = address();
    const { status, data, headers } = await invite(at, ` ${email.toUpperCase()} `, 'manager');
    expect(status).toBe(201);
    expect(headers['cache-control']).toBe('no-store');
    expect(data.token).toMatch(/^pti1_[\w-]{43}$/);
    expect(data.link).toBe(
      `http://${at.subdomain}.localhost/accept-invitation#token=${data.token}`,
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

  it('takes the host of its link from the configuration, whatever host the request names', async () => {
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
    expect(new URL(data.link).origin).toBe(`http://${at.subdomain}.localhost`);
  });

  it('links to the port that the server has got with PORT=0, as an invitation link does', async () => {
    const at = await scene();
    const instance = await service.restarted();
    try {
      await instance.app.listen(0, '127.0.0.1');
      const { port } = new URL(await instance.app.getUrl());
      const { host, token } = at;
      for (const [path, body] of [
        ['/auth/invitations', { email: address(), role: 'user' }],
        ['/auth/invitation-links', { role: 'user', quota: 1 }],
      ] as const) {
        const { data } = await instance.call<Sent>('POST', path, { host, token, body });
        expect(new URL(data.link).origin).toBe(`http://${at.subdomain}.localhost:${port}`);
      }
    } finally {
      await instance.app.close();
    }
  });

  it('registers one user when 20 accept it at once', async () => {
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

  it('takes a seat when it is accepted, and the last seat only once', async () => {
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

  it('is refused with the same answer for every kind of invalid token', async () => {
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

  it('is not accepted by a GET request or by inspecting it', async () => {
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

  it('ignores a role in the registration', async () => {
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

  it('is refused for an address that already has a user in the tenant', async () => {
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

  it('is unique per address while it is open and can be repeated after it ends', async () => {
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

  it('that has expired blocks no new invitation, whatever its role was', async () => {
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

  it('that is resent has a new token and expiry, and its old token is invalid', async () => {
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

  it('that is resent while its old token is accepted ends in exactly one of the two', async () => {
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

  it('that was revoked stays revoked', async () => {
    const at = await scene();
    const email = address();
    const { invitation, token } = (await invite(at, email)).data;
    expect((await revoke(at, invitation.id)).data.status).toBe('revoked');
    expect((await revoke(at, invitation.id)).data.status).toBe('revoked');
    expect(outcome(await register(at.host, email, token))).toBe('INVALID_INVITE');
    expect(outcome(await resend(at, invitation.id))).toBe('INVALID_INVITE');
    expect(outcome(await invite(at, email))).toBe('201');
  });

  it('shows its token nowhere else: not in answers, the database, the audit log or the logs', async () => {
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
      // The hash is in its own table and not in the audit log.
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

describe('The audit log of invitations', () => {
  it('records who invited, resent, revoked and accepted, and who registered', async () => {
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
