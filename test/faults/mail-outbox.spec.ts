import { spawnSync } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import { createTestDatabase, seedTenant, type TestDatabase } from '@poc-tracker/testing';
import { type ParsedMail, simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmtpFixture } from '../../apps/auth-service/src/mail/delivery/smtp.fixture.js';
import { MailContents } from '../../apps/auth-service/src/mail/outbox/mail-content.js';
import { MailOutbox } from '../../apps/auth-service/src/mail/outbox/mail-outbox.js';
import { MailOutboxRepository } from '../../apps/auth-service/src/mail/outbox/mail-outbox.repository.js';
import { MailWake } from '../../apps/auth-service/src/mail/outbox/mail-wake.js';
import { DataCipher } from '../../apps/auth-service/src/protection/data-cipher.js';
import {
  SERVICE_BUNDLE,
  serviceEnvironment,
  type ServerProcess,
  startServer,
} from '../service-process.js';

const MAILS = 150;
/** The server of the killed process answers this many mails, and receives others without an answer. */
const ANSWERED = 10;

let database: TestDatabase;
let platform: PlatformDatabase;
let env: NodeJS.ProcessEnv;
const services: ServerProcess[] = [];
const servers: SmtpFixture[] = [];

beforeAll(async () => {
  const build = join(import.meta.dirname, '../../scripts/build.mjs');
  expect(spawnSync(process.execPath, [build], { stdio: 'inherit' }).status).toBe(0);
  database = await createTestDatabase();
  platform = new PlatformDatabase({
    url: database.platformUrl,
    tls: false,
    applicationName: 'mail-outbox',
  });
  env = serviceEnvironment(database);
}, 120_000);

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await Promise.all(servers.map((server) => server.stop()));
  await platform.close();
  await database.drop();
});

const addressOf = ({ to }: ParsedMail): string => [to].flat()[0]?.value[0]?.address ?? '';

async function serviceWith(smtp: SmtpFixture): Promise<ServerProcess> {
  servers.push(smtp);
  const settings = { ...env, SMTP_URL: smtp.url };
  const service = await startServer([process.execPath, SERVICE_BUNDLE], settings, '/health/live');
  services.push(service);
  return service;
}

/** Each in a transaction of its tenant, as the service does. */
async function addMails(addresses: readonly string[]): Promise<void> {
  const [id = '', key = ''] = (env['DATA_KEYS'] ?? '').split(':');
  const dataKeys = [{ id, key: createSecretKey(Buffer.from(key, 'base64')) }];
  const contents = new MailContents(new DataCipher({ dataKeys }));
  const outbox = new MailOutbox(new MailOutboxRepository(), contents, new MailWake(), {} as never);
  const tenants = [await seedTenant(database), await seedTenant(database)];
  for (const [index, email] of addresses.entries()) {
    const tenantId = tenants[index % tenants.length]?.tenantId ?? '';
    await platform.transaction({ tenantId, operatorId: null }, (transaction) =>
      outbox.add(transaction, {
        tenantId,
        userId: null,
        to: { email, locale: 'en-US', timezone: 'UTC', name: 'Ana' },
        kind: 'password_changed',
        values: { at: new Date() },
      }),
    );
  }
}

interface WaitingMail {
  id: string;
  claim: string | null;
}

const waiting = () =>
  database.sql<WaitingMail>(`SELECT id, claim FROM outgoing_mails WHERE status = 'pending'`);

describe('The outbox', () => {
  it('sends every mail once or twice although a process is killed while it sends', async () => {
    const unanswered: ParsedMail[] = [];
    const answered: ParsedMail[] = [];
    const doomed = await serviceWith(
      await SmtpFixture.start({
        // It has received the mail, but the process dies before it can know.
        onData: (stream, _session, done) => {
          simpleParser(stream).then((mail) => {
            const isAnswered = answered.length < ANSWERED;
            (isAnswered ? answered : unanswered).push(mail);
            if (isAnswered) done();
          }, done);
        },
      }),
    );
    const survivors = [await SmtpFixture.start(), await SmtpFixture.start()];
    for (const smtp of survivors) await serviceWith(smtp);
    const addresses = Array.from({ length: MAILS }, (_, index) => `user-${index}@acme.example`);
    await addMails(addresses);

    await expect.poll(() => unanswered.length, { timeout: 30_000 }).toBeGreaterThan(0);
    doomed.process.kill('SIGKILL');
    await once(doomed.process, 'exit');
    const claimed = new Set((await waiting()).map(({ claim }) => claim));
    const left = async () => (await waiting()).filter(({ claim }) => !claimed.has(claim)).length;
    await expect.poll(left, { timeout: 30_000 }).toBe(0);
    // The leases of the killed process end.
    await database.sql(
      `UPDATE outgoing_mails SET next_attempt_at = now() WHERE status = 'pending'`,
    );
    await expect.poll(async () => (await waiting()).length, { timeout: 30_000 }).toBe(0);

    const sent = [...answered, ...unanswered, ...survivors.flatMap(({ mails }) => mails)];
    const copies = new Map<string, ParsedMail[]>();
    for (const mail of sent)
      copies.set(addressOf(mail), [...(copies.get(addressOf(mail)) ?? []), mail]);
    expect([...copies.keys()].sort()).toEqual([...addresses].sort());
    for (const mails of copies.values()) {
      expect(mails.length).toBeLessThanOrEqual(2);
      // By which the server of the reader can drop a second copy.
      expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1);
    }
    for (const mail of unanswered) expect(copies.get(addressOf(mail))).toHaveLength(2);
    for (const { mails } of survivors) expect(mails.length).toBeGreaterThan(0);
  }, 120_000);
});
