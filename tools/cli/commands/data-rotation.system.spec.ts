import { type ChildProcess, spawn } from 'node:child_process';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MailContents } from '../../../apps/auth-service/src/mail/outbox/mail-content.js';
import { DataCipher } from '../../../apps/auth-service/src/protection/data-cipher.js';
import { cliOn } from '../cli.fixture.js';

const ROOT = join(import.meta.dirname, '../../..');
const MAILS = 200;
/** The process waits for this one's lock, in the middle of its work. */
const LOCKED = 120;

const KEYS = { old: randomBytes(32), next: randomBytes(32) };
const DATA_KEYS = `next:${KEYS.next.toString('base64')},old:${KEYS.old.toString('base64')}`;

const cipherOf = (...ids: (keyof typeof KEYS)[]) =>
  new DataCipher({ dataKeys: ids.map((id) => ({ id, key: createSecretKey(KEYS[id]) })) });

let database: TestDatabase;
let tenantId: string;
let command: ChildProcess | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  ({ tenantId } = await seedTenant(database));
});

afterEach(() => {
  command?.kill('SIGKILL');
});

afterAll(async () => {
  await database.drop();
});

interface StoredMail {
  id: string;
  content: Buffer;
}

const stored = () =>
  database.sql<StoredMail>('SELECT id, content FROM outgoing_mails ORDER BY tenant_id, id');

async function countOf(key: keyof typeof KEYS): Promise<number> {
  const cipher = cipherOf('next', 'old');
  return (await stored()).filter(({ content }) => cipher.keyIdOf(content) === key).length;
}

async function storeMails(): Promise<void> {
  const contents = new MailContents(cipherOf('old'));
  for (let count = 0; count < MAILS; count += 1) {
    const id = randomUUID();
    const to = { locale: 'pt-BR', timezone: 'UTC', name: id };
    const content = contents.encrypt({ tenantId, id, kind: 'test_mail' }, { to, values: {} });
    await database.sql(
      `INSERT INTO outgoing_mails (tenant_id, id, kind, category, email, content)
       VALUES ($1, $2, 'test_mail', 'requested', 'ana@acme.example', $3)`,
      [tenantId, id, content],
    );
  }
}

describe('keys rotate-data', () => {
  it('goes on where its process was killed, and every value stays readable', async () => {
    await storeMails();
    const locked = (await stored())[LOCKED]?.id;
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query('BEGIN');
    await admin.query('SELECT FROM outgoing_mails WHERE id = $1 FOR UPDATE', [locked]);
    command = spawn(
      process.execPath,
      [join(ROOT, 'scripts/run.mjs'), 'cli', 'keys', 'rotate-data'],
      {
        env: { ...process.env, PLATFORM_DATABASE_URL: database.platformUrl, DATA_KEYS },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const ended = once(command, 'exit');
    await expect.poll(() => countOf('next'), { timeout: 60_000 }).toBe(LOCKED);
    command.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    await admin.query('ROLLBACK');
    await admin.end();
    const contents = new MailContents(cipherOf('next', 'old'));
    for (const { id, content } of await stored())
      expect(contents.decrypt({ tenantId, id, kind: 'test_mail' }, content).to.name).toBe(id);
    // The statement that waited for the lock may have been run by the database after the end of its client.
    expect([MAILS - LOCKED, MAILS - LOCKED - 1]).toContain(await countOf('old'));

    const { code, out } = await cliOn(database, { DATA_KEYS })('keys', 'rotate-data');
    expect([code, out]).toEqual([0, expect.stringMatching(/content: (80|79) of 200 values/)]);
    expect(await countOf('next')).toBe(MAILS);
  }, 90_000);
});
