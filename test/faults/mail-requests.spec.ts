import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MailOutbox } from '../../apps/auth-service/src/mail/outbox/mail-outbox.js';
import type { OutgoingMail } from '../../apps/auth-service/src/mail/outbox/outgoing-mail.js';
import { ServiceFixture } from '../e2e/service.fixture.js';
import { SERVICE_BUNDLE, serviceEnvironment, startServer } from '../service-process.js';

/** A lease is looked at every ten seconds, and the machine may be busy. */
const DEADLINE = { timeout: 60_000, interval: 50 };

const PATHS = ['/auth/password/forgot', '/auth/magic-link', '/auth/code'];

let database: TestDatabase;
let locks: pg.Client;

beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'ignore' });
  database = await createTestDatabase();
  locks = new pg.Client(database.adminUrl);
  await locks.connect();
}, 120_000);

afterAll(async () => {
  await locks?.end();
  await database?.drop();
});

async function passwordlessTenant(): Promise<string> {
  const { tenantId } = await seedTenant(database);
  await database.sql(
    `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value, chosen)
     VALUES ($1, 'login', '{"magicLink": true, "emailCode": true}', '{magicLink,emailCode}')`,
    [tenantId],
  );
  return tenantId;
}

/** Holds what every mail of a tenant waits for, so that the work after an answer stops in the middle. */
async function holdMails(tenantId: string): Promise<() => Promise<void>> {
  await locks.query('BEGIN');
  await locks.query(
    `SELECT pg_advisory_xact_lock(hashtext('outgoing_mails'), hashtext($1::text))`,
    [tenantId],
  );
  return async () => void (await locks.query('ROLLBACK'));
}

const isWaiting = async (): Promise<void> => {
  const waiting = `SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'`;
  expect(await database.sql(waiting)).toHaveLength(1);
};

const left = () =>
  database.sql<{ tenant_id: string; content: Buffer }>('SELECT * FROM mail_requests');

it('A request for a mail that was answered is worked off once, although its process was killed in the middle', async () => {
  const env = serviceEnvironment(database);
  const [tenantId, otherId] = [await passwordlessTenant(), await passwordlessTenant()];
  const [user, other] = [await seedUser(database, tenantId), await seedUser(database, otherId)];
  const ask = async (server: { url: string }, path: string, tenant: string, email: string) =>
    fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-tenant-id': tenant },
      body: JSON.stringify({ email }),
    });

  const server = await startServer([process.execPath, SERVICE_BUNDLE], env, '/health/ready');
  const release = await holdMails(tenantId);
  const cookies: string[] = [];
  for (const path of PATHS) {
    for (const email of [user.email, 'unknown@example.com']) {
      const answer = await ask(server, path, tenantId, email);
      expect(answer.status).toBe(202);
      cookies.push(answer.headers.get('set-cookie') ?? '');
    }
  }
  // The hostile tenant, whose work has stopped, does not delay that of the other one.
  expect((await ask(server, PATHS[0] ?? '', otherId, other.email)).status).toBe(202);
  const sentTo = (email: string) =>
    database.sql<{ kind: string }>(
      'SELECT kind FROM outgoing_mails WHERE email = $1 ORDER BY kind',
      [email],
    );
  await vi.waitFor(async () => expect(await sentTo(other.email)).toHaveLength(1), DEADLINE);
  await vi.waitFor(isWaiting, DEADLINE);
  const killed = once(server.process, 'exit');
  server.process.kill('SIGKILL');
  await killed;
  await release();

  const rows = await left();
  expect(rows).toHaveLength(2 * PATHS.length);
  expect(rows.every(({ tenant_id }) => tenant_id === tenantId)).toBe(true);
  expect(rows.some(({ content }) => content.includes(user.email))).toBe(false);
  expect(await sentTo(user.email)).toEqual([]);

  const mails: OutgoingMail[] = [];
  const service = await ServiceFixture.start(env, database);
  const outbox = service.app.get(MailOutbox, { strict: false });
  const add = outbox.add.bind(outbox);
  vi.spyOn(outbox, 'add').mockImplementation((transaction, mail) => {
    mails.push(mail);
    return add(transaction, mail);
  });
  try {
    await database.sql('UPDATE mail_requests SET lease_until = now()');
    await vi.waitFor(async () => expect(await left()).toEqual([]), DEADLINE);
    const kinds = [{ kind: 'login_code' }, { kind: 'magic_link' }, { kind: 'reset_password' }];
    expect(await sentTo(user.email)).toEqual(kinds);
    expect(await sentTo('unknown@example.com')).toEqual([]);

    const link = mails.find((mail) => mail.kind === 'magic_link')?.values.link ?? '';
    const browser = cookies[PATHS.indexOf('/auth/magic-link') * 2]?.split(';')[0] ?? '';
    const login = await service.call('POST', '/auth/magic-link/login', {
      headers: { 'x-tenant-id': tenantId, cookie: browser },
      body: { token: new URL(link).hash.replace('#token=', '') },
    });
    expect(login.status).toBe(200);
  } finally {
    await service.app.close();
  }
}, 180_000);
