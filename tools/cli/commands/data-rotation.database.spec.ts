import { createTestDatabase, seedTenant, seedUser, type TestDatabase } from '@poc-tracker/testing';
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { seedContext } from '../../../apps/auth-service/src/factor/totp/seed-context.js';
import { SeedRotationRepository } from '../../../apps/auth-service/src/factor/totp/seed-rotation.repository.js';
import { MailContents } from '../../../apps/auth-service/src/mail/outbox/mail-content.js';
import { passwordContext } from '../../../apps/auth-service/src/mail/settings/mail-password.js';
import { DataCipher } from '../../../apps/auth-service/src/protection/data-cipher.js';
import { cliOn } from '../cli.fixture.js';

const KEYS = { old: randomBytes(32), next: randomBytes(32), lost: randomBytes(32) };

type KeyId = keyof typeof KEYS;

const NO_MAILS =
  'tenant_mail.smtp_password: 0 of 0 values were encrypted again.\n' +
  'outgoing_mails.content: 0 of 0 values were encrypted again.\n';

const setting = (...ids: KeyId[]) => ids.map((id) => `${id}:${KEYS[id].toString('base64')}`).join();

const cipherOf = (...ids: KeyId[]) =>
  new DataCipher({ dataKeys: ids.map((id) => ({ id, key: createSecretKey(KEYS[id]) })) });

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

beforeEach(async () => {
  for (const table of ['user_factors', 'tenant_mail', 'outgoing_mails'])
    await database.sql(`DELETE FROM ${table}`);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Stores an authenticator app of a new user in a new tenant. */
async function storeSeed(key: KeyId): Promise<void> {
  const { tenantId } = await seedTenant(database);
  const { userId } = await seedUser(database, tenantId);
  const id = randomUUID();
  const secret = cipherOf(key).encrypt(
    Buffer.from(`seed of ${id}`),
    seedContext({ tenantId, userId, id }),
  );
  await database.sql(
    `INSERT INTO user_factors (tenant_id, id, user_id, kind, name, secret) VALUES ($1, $2, $3, 'totp', 'App', $4)`,
    [tenantId, id, userId, secret],
  );
}

async function storedSeeds() {
  return database.sql<{ tenantId: string; userId: string; id: string; secret: Buffer }>(
    'SELECT tenant_id AS "tenantId", user_id AS "userId", id, secret FROM user_factors',
  );
}

interface StoredMail {
  tenantId: string;
  id: string;
  kind: 'test_mail';
  content: Buffer;
}

/** As the outbox and the workers leave a mail: the content of a sent one is erased. */
async function storeMail(key: KeyId, tenantId: string, status: string): Promise<void> {
  const id = randomUUID();
  const to = { locale: 'pt-BR', timezone: 'UTC', name: tenantId };
  const place = { tenantId, id, kind: 'test_mail' } as const;
  const content = new MailContents(cipherOf(key)).encrypt(place, { to, values: {} });
  await database.sql(
    `INSERT INTO outgoing_mails (tenant_id, id, kind, category, email, content, status)
     VALUES ($1, $2, 'test_mail', 'requested', 'ana@acme.example', $3, $4)`,
    [tenantId, id, status === 'sent' ? null : content, status],
  );
}

const rotate = (...keys: KeyId[]) =>
  cliOn(database, { DATA_KEYS: setting(...keys) })('keys', 'rotate-data');

describe('keys rotate-data', () => {
  it('encrypts every value with the first key, so that the others can be removed', async () => {
    for (const key of ['old', 'old', 'next'] as const) await storeSeed(key);
    const { code, out, err } = await rotate('next', 'old');
    expect([code, out, err]).toEqual([
      0,
      'user_factors.secret: 2 of 3 values were encrypted again.\n' + NO_MAILS,
      '',
    ]);
    for (const seed of await storedSeeds()) {
      expect(cipherOf('next').decrypt(seed.secret, seedContext(seed)).toString()).toBe(
        `seed of ${seed.id}`,
      );
    }
    expect((await rotate('next')).out).toContain('0 of 3 values');
  });

  it('continues after it failed in the middle, and loses nothing', async () => {
    for (let count = 0; count < 5; count += 1) await storeSeed('old');
    const { replace } = SeedRotationRepository.prototype;
    let replaced = 0;
    vi.spyOn(SeedRotationRepository.prototype, 'replace').mockImplementation(async function (
      this: SeedRotationRepository,
      ...parameters
    ) {
      replaced += 1;
      if (replaced === 3) throw new Error('failed');
      return replace.apply(this, parameters);
    });
    expect((await rotate('next', 'old')).code).not.toBe(0);
    vi.restoreAllMocks();
    const cipher = cipherOf('next', 'old');
    const ids = (await storedSeeds()).map(({ secret }) => cipher.keyIdOf(secret));
    expect(ids.filter((id) => id === 'next')).toHaveLength(2);
    expect((await rotate('next', 'old')).out).toContain('3 of 5 values');
  });

  it('keeps what the service stores while it runs', async () => {
    await storeSeed('old');
    const newer = cipherOf('old').encrypt(Buffer.from('newer'), 'its row');
    const { replace } = SeedRotationRepository.prototype;
    vi.spyOn(SeedRotationRepository.prototype, 'replace').mockImplementation(async function (
      this: SeedRotationRepository,
      ...parameters
    ) {
      await database.sql('UPDATE user_factors SET secret = $1', [newer]);
      return replace.apply(this, parameters);
    });
    await rotate('next', 'old');
    expect((await storedSeeds())[0]?.secret).toEqual(newer);
  });

  it('names a key that still encrypts values, and goes on with the others', async () => {
    for (const key of ['lost', 'old', 'lost'] as const) await storeSeed(key);
    const { code, out } = await rotate('next', 'old');
    expect(code).toBe(1);
    expect(out).toBe(
      'user_factors.secret: 1 of 3 values were encrypted again.\n' +
        'The key lost still encrypts 2 of them. Keep it in DATA_KEYS.\n' +
        NO_MAILS,
    );
  });

  it('encrypts the passwords of mail servers and the mails that are not sent yet, of all tenants', async () => {
    const tenants = [await seedTenant(database), await seedTenant(database)];
    for (const { tenantId } of tenants) {
      await database.sql(
        `INSERT INTO tenant_mail (tenant_id, sender_address, smtp_host, smtp_port, smtp_user, smtp_password)
         VALUES ($1, 'help@acme.example', 'mail.acme.example', 587, 'mailer', $2)`,
        [tenantId, cipherOf('old').encrypt(Buffer.from('geheim'), passwordContext(tenantId))],
      );
      for (const status of ['pending', 'dead']) await storeMail('old', tenantId, status);
      await storeMail('old', tenantId, 'sent');
    }
    await storeMail('lost', tenants[0]?.tenantId ?? '', 'dead');
    const { code, out } = await rotate('next', 'old');
    expect(code).toBe(1);
    expect(out).toBe(
      'user_factors.secret: 0 of 0 values were encrypted again.\n' +
        'tenant_mail.smtp_password: 2 of 2 values were encrypted again.\n' +
        'outgoing_mails.content: 4 of 5 values were encrypted again.\n' +
        'The key lost still encrypts 1 of them. Keep it in DATA_KEYS.\n',
    );
    const next = cipherOf('next');
    const passwords = await database.sql<{ tenantId: string; stored: Buffer }>(
      'SELECT tenant_id AS "tenantId", smtp_password AS stored FROM tenant_mail',
    );
    for (const { tenantId, stored } of passwords)
      expect(next.decrypt(stored, passwordContext(tenantId)).toString()).toBe('geheim');
    const contents = new MailContents(next);
    const mails = await database.sql<StoredMail>(
      `SELECT tenant_id AS "tenantId", id, kind, content FROM outgoing_mails
        WHERE content IS NOT NULL ORDER BY tenant_id, id`,
    );
    const readable = mails.filter(({ content }) => next.keyIdOf(content) === 'next');
    expect(readable).toHaveLength(4);
    for (const mail of readable)
      expect(contents.decrypt(mail, mail.content).to.name).toBe(mail.tenantId);
  });

  it('asks for the keys', async () => {
    const { code, err } = await cliOn(database)('keys', 'rotate-data');
    expect([code, err]).toEqual([2, expect.stringContaining('DATA_KEYS is missing.')]);
  });
});
