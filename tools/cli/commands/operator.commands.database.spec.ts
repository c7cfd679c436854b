import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperatorInvitation } from '../../../apps/auth-service/src/platform/operators/operator.service.js';
import type { OperatorService } from '../../../apps/auth-service/src/platform/operators/operator.service.js';
import { cliOn } from '../cli.fixture.js';
import { type CliServices, openCliServices } from '../cli.module.js';

/** Passes the check of the column. No password matches it. */
const HASH = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA';

describe('the operators commands', () => {
  let database: TestDatabase;
  let services: CliServices;
  let operators: OperatorService;

  beforeAll(async () => {
    database = await createTestDatabase();
    services = await openCliServices({}, [], { url: database.platformUrl, tls: false });
    operators = services.operators;
  });

  afterAll(async () => {
    await services.close();
    await database.drop();
  });

  const cli = (...argv: string[]) => cliOn(database)('operators', ...argv);

  async function invite(email = `${randomUUID()}@example.com`): Promise<OperatorInvitation> {
    return (await cli('create', '--email', email, '--json')).json() as OperatorInvitation;
  }

  async function statusOf(email: string): Promise<string | undefined> {
    const listed = (await cli('list', '--json')).json() as { email: string; status: string }[];
    return listed.find((row) => row.email === email)?.status;
  }

  it('list and revoke no operator on an empty database, and create nothing', async () => {
    expect((await cli('list', '--json')).json()).toEqual([]);
    const revoked = await cli('revoke', '--email', 'unknown@example.com');
    expect([revoked.code, revoked.err]).toEqual([1, expect.stringContaining('is not an operator')]);
    expect(await database.sql('SELECT id FROM tenants')).toEqual([]);
  });

  it('create the platform tenant once, under a name that is reserved from sign-up', async () => {
    await Promise.all(Array.from({ length: 5 }, () => invite()));
    const rows = await database.sql('SELECT subdomain, status FROM tenants WHERE is_platform');
    expect(rows).toEqual([{ subdomain: 'platform', status: 'active' }]);
  });

  it('show a secret once, as text or as JSON, and store only its hash', async () => {
    const { out } = await cli('create', '--email', 'Ops@Example.com');
    const secret = /\n {2}(\S{43})\n/.exec(out)?.[1] ?? '';
    expect(out).toContain('ops@example.com');
    const rows = await database.sql('SELECT * FROM operator_invitations');
    expect(JSON.stringify(rows)).not.toContain(secret);
    const audit = await database.sql('SELECT * FROM audit_log');
    expect(JSON.stringify(audit)).not.toContain(secret);
    expect((await cli('list')).out).not.toContain(secret);
    const activated = await operators.activate('ops@example.com', secret, HASH);
    expect(activated).toMatchObject({ email: 'ops@example.com' });
  });

  it.each([
    [{}, 'http://platform.localhost:3000'],
    [{ PORT: '4000' }, 'http://platform.localhost:4000'],
    [
      { PORT: '0' },
      'http://platform.localhost, at the port of the service. Set PUBLIC_URL to see the whole address here',
    ],
    [{ PUBLIC_URL: 'https://{tenant}.pocs.example' }, 'https://platform.pocs.example'],
  ])('name the address to log in at with %o', async (env, address) => {
    const { out } = await cliOn(database, env)('operators', 'create', '--email', 'a@b.example');
    expect(out).toContain(`Then log in at ${address}.\n`);
  });

  it('need only the settings that they use, and refuse a misspelled NODE_ENV, on which TLS depends', async () => {
    const list = (env: NodeJS.ProcessEnv) => cliOn(database, env)('operators', 'list', '--json');
    expect((await list({ LOG_LEVEL: 'loud', PORT: 'x', PUBLIC_URL: 'x' })).code).toBe(0);
    const refused = await list({ NODE_ENV: 'prodction' });
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('NODE_ENV')]);
  });

  it('refuse to create a secret while the address to log in at is wrong', async () => {
    const create = cliOn(database, { PUBLIC_URL: 'x' });
    const refused = await create('operators', 'create', '--email', 'late@b.example');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('PUBLIC_URL')]);
    expect(await statusOf('late@b.example')).toBeUndefined();
  });

  it('let exactly one of several concurrent activations use a secret', async () => {
    const { email, secret } = await invite();
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, () => operators.activate(email, secret, HASH)),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const attempt of attempts)
      if (attempt.status === 'rejected')
        expect(attempt.reason).toMatchObject({ code: 'INVALID_INVITE' });
    expect(await statusOf(email)).toBe('active');
  });

  it('accept a secret only with its own email and within an hour', async () => {
    const { email, secret } = await invite();
    const other = await invite();
    for (const [address, presented] of [
      [other.email, secret],
      [email, other.secret],
      [email, `${secret}x`],
      [email, ''],
    ] as const)
      await expect(operators.activate(address, presented, HASH)).rejects.toMatchObject({
        code: 'INVALID_INVITE',
      });
    await database.sql(
      `UPDATE operator_invitations SET expires_at = now() - interval '1 second' WHERE email = $1`,
      [email],
    );
    await expect(operators.activate(email, secret, HASH)).rejects.toMatchObject({
      code: 'INVALID_INVITE',
    });
    expect(await statusOf(email)).toBe('invitation expired');
    const rows = await database.sql<{ minutes: number }>(
      `SELECT extract(epoch FROM expires_at - created_at)::int / 60 AS minutes
         FROM operator_invitations WHERE email = $1`,
      [other.email],
    );
    expect(rows).toEqual([{ minutes: 60 }]);
  });

  it('invalidate an earlier secret when they create the next one', async () => {
    const first = await invite();
    const second = await invite(first.email);
    await expect(operators.activate(first.email, first.secret, HASH)).rejects.toMatchObject({
      code: 'INVALID_INVITE',
    });
    await operators.activate(first.email, second.secret, HASH);
  });

  it('list operators who were invited again once, by the latest invitation', async () => {
    // PostgreSQL reads the invitations in the order of their hashes, which is random: one address could pass by chance.
    const emails = Array.from({ length: 6 }, () => `${randomUUID()}@example.com`);
    for (const email of [...emails, ...emails]) await operators.invite(email, { operatorId: null });
    const listed = (await cli('list', '--json')).json() as { email: string; status: string }[];
    const statuses = emails.map((email) =>
      listed.filter((row) => row.email === email).map(({ status }) => status),
    );
    expect(statuses).toEqual(emails.map(() => ['invited']));
  });

  it('revoke log-in, sessions and unused secrets, and reinstate an operator with a new secret', async () => {
    const { email, secret } = await invite();
    const { id } = await operators.activate(email, secret, HASH);
    await database.sql(
      `INSERT INTO user_sessions (tenant_id, user_id, refresh_token_hash, refresh_nonce, expires_at)
       SELECT tenant_id, id, sha256(uuid_send(id)), 'x', now() + interval '1 hour' FROM users WHERE id = $1`,
      [id],
    );
    const unused = await invite(email);
    expect((await cli('revoke', '--email', email)).code).toBe(0);
    expect(await statusOf(email)).toBe('suspended');
    const rows = await database.sql('SELECT is_active FROM user_sessions WHERE user_id = $1', [id]);
    expect(rows).toEqual([{ is_active: false }]);
    await expect(operators.activate(email, unused.secret, HASH)).rejects.toMatchObject({
      code: 'INVALID_INVITE',
    });
    const again = await invite(email);
    expect(await operators.activate(email, again.secret, HASH)).toEqual({ id, email });
    expect(await statusOf(email)).toBe('active');
  });

  it('return the address of an account that was invited by another address with the same key', async () => {
    const email = `strasse-${randomUUID()}@example.com`;
    const { id } = await operators.activate(email, (await invite(email)).secret, HASH);
    const same = email.replace('strasse', 'straße');
    const { secret } = await invite(same);
    expect(await operators.activate(same, secret, HASH)).toEqual({ id, email });
  });

  it('let an operator who had to change the password log in after setting a new one', async () => {
    const { email, secret } = await invite();
    const { id } = await operators.activate(email, secret, HASH);
    await database.sql('UPDATE users SET must_change_password = true WHERE id = $1', [id]);
    await operators.activate(email, (await invite(email)).secret, HASH);
    const rows = await database.sql('SELECT must_change_password FROM users WHERE id = $1', [id]);
    expect(rows).toEqual([{ must_change_password: false }]);
  });

  it('refuse to revoke an email that is not an operator’s', async () => {
    expect(await cli('revoke', '--email', 'unknown@example.com')).toMatchObject({
      code: 1,
      err: 'unknown@example.com is not an operator.\n',
    });
  });

  it('refuse to revoke the last operator, and say what to do instead', async () => {
    const listed = (await cli('list', '--json')).json() as { email: string; status: string }[];
    const active = listed.filter(({ status }) => status === 'active').map(({ email }) => email);
    const last = active.pop() ?? '';
    for (const email of active) expect((await cli('revoke', '--email', email)).code).toBe(0);
    const refused = await cli('revoke', '--email', last);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('the last operator') });
    expect(await statusOf(last)).toBe('active');
  });
});

describe('operators create', () => {
  it('refuses if a tenant already has the name of the platform tenant', async () => {
    const database = await createTestDatabase();
    try {
      await seedTenant(database, { subdomain: 'platform' });
      const run = await cliOn(database)('operators', 'create', '--email', 'ops@example.com');
      expect(run).toMatchObject({ code: 1, err: expect.stringContaining('TENANT_EXISTS') });
    } finally {
      await database.drop();
    }
  });
});
