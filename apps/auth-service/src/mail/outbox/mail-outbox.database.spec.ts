import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import type { SqlRunner } from '@poc-tracker/tenancy';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RepeatedEvent } from '../../audit/events/repeated-events.js';
import { DataCipher } from '../../protection/data-cipher.js';
import { MailContents } from './mail-content.js';
import { MailOutbox } from './mail-outbox.js';
import { MailOutboxRepository } from './mail-outbox.repository.js';
import { MailWake } from './mail-wake.js';
import type { OutgoingMail } from './outgoing-mail.js';

let database: TestDatabase;
let service: pg.Pool;
let admin: pg.Pool;
let tenantId: string;
let reported: RepeatedEvent[];

const contents = new MailContents(
  new DataCipher({ dataKeys: [{ id: 'test', key: createSecretKey(randomBytes(32)) }] }),
);
const outbox = new MailOutbox(new MailOutboxRepository(), contents, new MailWake(), {
  recordRepeated: (event: RepeatedEvent) => Promise.resolve(void reported.push(event)),
} as never);

beforeAll(async () => {
  database = await createTestDatabase();
  service = new pg.Pool({ connectionString: database.serviceUrl, max: 20 });
  admin = new pg.Pool({ connectionString: database.adminUrl, max: 2 });
});

afterAll(async () => {
  await Promise.all([service.end(), admin.end()]);
  await database.drop();
});

beforeEach(async () => {
  ({ tenantId } = await seedTenant(database));
  reported = [];
});

const mailTo = (email: string, tenant = tenantId): OutgoingMail => ({
  tenantId: tenant,
  userId: null,
  to: { email, locale: 'pt-BR', timezone: 'America/Sao_Paulo', name: 'Ana' },
  kind: 'login_code',
  values: { code: '123456', expiresAt: new Date('2099-01-01T00:00:00Z') },
});

const noticeTo = (email: string): OutgoingMail => ({
  ...mailTo(email),
  kind: 'password_changed',
  values: { at: new Date() },
});

const invitationTo = (email: string): OutgoingMail => ({
  ...mailTo(email),
  kind: 'invitation',
  values: { link: 'https://acme.example/i', inviter: 'Bia', role: 'user', expiresAt: new Date() },
});

async function inTransaction<T>(
  tenant: string,
  work: (transaction: SqlRunner) => Promise<T>,
): Promise<T> {
  const client = await service.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT set_user_context($1, NULL, NULL)', [tenant]);
    const result = await work({
      query: async (sql, params) => (await client.query(sql, params)).rows as never,
    });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const add = (mail: OutgoingMail) =>
  inTransaction(mail.tenantId, (transaction) => outbox.add(transaction, mail));

interface Row {
  id: string;
  status: string;
  content: Buffer | null;
}

async function rows(tenant = tenantId): Promise<Row[]> {
  const { rows: found } = await admin.query<Row>(
    'SELECT id, status, content FROM outgoing_mails WHERE tenant_id = $1 ORDER BY id',
    [tenant],
  );
  return found;
}

describe('The outbox', () => {
  it('keeps the content encrypted, bound to its row, and returns it to the worker', async () => {
    await add(mailTo('ana@acme.example'));
    const [row] = await rows();
    const content = row?.content ?? Buffer.alloc(0);
    expect(content.includes('123456')).toBe(false);
    const place = { tenantId, kind: 'login_code', id: row?.id ?? '' } as const;
    expect(contents.decrypt(place, content)).toEqual({
      to: { locale: 'pt-BR', timezone: 'America/Sao_Paulo', name: 'Ana' },
      values: { code: '123456', expiresAt: new Date('2099-01-01T00:00:00Z') },
    });
    expect(() => contents.decrypt({ ...place, id: randomUUID() }, content)).toThrow('another row');
  });

  it('has no mail of a transaction that rolled back', async () => {
    const change = inTransaction(tenantId, async (transaction) => {
      await outbox.add(transaction, mailTo('ana@acme.example'));
      throw new Error('the change failed');
    });
    await expect(change).rejects.toThrow('the change failed');
    expect(await rows()).toEqual([]);
  });

  it('adds a mail to the tenant of the transaction only, whatever user it names', async () => {
    const other = await seedTenant(database);
    const { userId } = await seedUser(database, other.tenantId);
    await expect(add({ ...mailTo('eve@evil.example'), userId })).rejects.toMatchObject({
      constraint: 'outgoing_mails_user_fkey',
    });
    await expect(service.query('SELECT * FROM outgoing_mails')).rejects.toMatchObject({
      code: '42501',
    });
    expect(await rows(other.tenantId)).toEqual([]);
  });

  it('accepts exactly five requested mails an hour for an address, also when they are added at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => add(mailTo('ana@acme.example'))));
    expect(await rows()).toHaveLength(5);
    expect(reported).toHaveLength(15);
    expect(reported[0]).toMatchObject({ event: { details: { reason: 'address_limit' } }, rows: 1 });
    expect(JSON.stringify(reported)).not.toContain('ana@');
  });

  it('counts the spellings of an address together, and other addresses and tenants apart', async () => {
    const other = await seedTenant(database);
    await Promise.all(Array.from({ length: 5 }, () => add(mailTo('ana@acme.example'))));
    await add(mailTo('ANA@acme.example'.toLowerCase()));
    expect(await rows()).toHaveLength(5);
    await add(mailTo('bia@acme.example'));
    await add(mailTo('ana@acme.example', other.tenantId));
    expect(await rows()).toHaveLength(6);
    expect(await rows(other.tenantId)).toHaveLength(1);
  });

  it('accepts at most twenty requested mails a day for an address', async () => {
    for (let hour = 0; hour < 5; hour += 1) {
      await Promise.all(Array.from({ length: 5 }, () => add(mailTo('ana@acme.example'))));
      await admin.query(
        `UPDATE outgoing_mails SET created_at = created_at - interval '61 minutes' WHERE tenant_id = $1`,
        [tenantId],
      );
    }
    expect(await rows()).toHaveLength(20);
  });

  it('accepts no more mails an hour than the tenant may send, exactly, but every security notice', async () => {
    await admin.query('INSERT INTO tenant_mail_limits VALUES ($1, 7)', [tenantId]);
    const addresses = Array.from({ length: 20 }, (_, n) => `user-${n}@acme.example`);
    await Promise.all(addresses.map((email) => add(invitationTo(email))));
    expect(await rows()).toHaveLength(7);
    await Promise.all(addresses.map((email) => add(noticeTo(email))));
    expect(await rows()).toHaveLength(27);
  });

  it('drops notifications while the setting notifications.email is off, and no other mail', async () => {
    await admin.query(
      `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) VALUES ($1, 'notifications', '{"email": false}')
       ON CONFLICT (tenant_id, setting_key) DO UPDATE SET setting_value = excluded.setting_value`,
      [tenantId],
    );
    await add(invitationTo('ana@acme.example'));
    expect(await rows()).toEqual([]);
    await add(noticeTo('ana@acme.example'));
    await add(mailTo('ana@acme.example'));
    expect(await rows()).toHaveLength(2);
  });

  it('says that a mail to a suppressed address is not sent, and keeps nothing of it', async () => {
    await admin.query(
      `INSERT INTO suppressed_addresses (tenant_id, email, reason) VALUES ($1, 'ana@acme.example', 'bounce')`,
      [tenantId],
    );
    await add(noticeTo('ana@acme.example'));
    expect(await rows()).toMatchObject([{ status: 'suppressed', content: null }]);
  });
});
