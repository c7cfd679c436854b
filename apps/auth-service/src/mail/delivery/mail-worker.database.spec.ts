import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { seedTenant } from '@poc-tracker/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SmtpServer } from '../../config/mail-settings.js';
import type { OutgoingMail } from '../outbox/outgoing-mail.js';
import { passwordContext } from '../settings/mail-password.js';
import { ServerAddresses } from '../transports/server-addresses.js';
import { MailFixture } from './mail-worker.fixture.js';
import { selfSignedCertificate, SmtpFixture } from './smtp.fixture.js';

let fixture: MailFixture;
let tenantId: string;

beforeAll(async () => {
  fixture = await MailFixture.start();
});

afterAll(() => fixture.stop());

beforeEach(async () => {
  await fixture.admin.query('DELETE FROM outgoing_mails');
  ({ tenantId } = await seedTenant(fixture.database));
});

const serverAt = (port: number): SmtpServer => ({
  host: '127.0.0.1',
  port,
  secure: false,
  requireTls: false,
  auth: undefined,
});

const noticeTo = (email: string, tenant = tenantId): OutgoingMail => ({
  tenantId: tenant,
  userId: null,
  to: { email, locale: 'en-US', timezone: 'UTC', name: 'Ana' },
  kind: 'password_changed',
  values: { at: new Date() },
});

const address = (): string => `${randomUUID()}@acme.example`;

describe('The workers', () => {
  it('send every mail once, and erase it', async () => {
    const smtp = await SmtpFixture.start();
    const process = fixture.process({ server: serverAt(smtp.port) });
    const email = address();
    await fixture.add(process, noticeTo(email));
    await process.worker.poll();
    const [mail] = await smtp.received(email);
    expect(mail?.subject).toBe('Your password was changed');
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
    const [row] = await fixture.rowsWhen(tenantId, ({ status }) => status === 'sent');
    expect(row).toMatchObject({ content: null, last_error: null });
    expect(mail?.messageId).toBe(`<${row?.id}.${tenantId}@poctracker.com>`);
    await smtp.stop();
  });

  it('of three processes send 200 mails, each once or twice, although one process is killed', async () => {
    const killed = { at: 60, done: false };
    const smtp = await SmtpFixture.start();
    const server = serverAt(smtp.port);
    const processes = [0, 1, 2].map(() => fixture.process({ server }));
    const [first, ...others] = processes as [(typeof processes)[0], ...typeof processes];
    const tenants = [tenantId, (await seedTenant(fixture.database)).tenantId];
    const emails = Array.from({ length: 200 }, address);
    for (const [index, email] of emails.entries())
      await fixture.add(first, noticeTo(email, tenants[index % 2]));
    await Promise.all([
      ...processes.map(({ worker }) => worker.poll()),
      smtp.when(() => (smtp.mails.length >= killed.at ? true : undefined)).then(() => first.kill()),
    ]);
    for (const tenant of tenants)
      await fixture.rowsWhen(
        tenant,
        ({ status }) => status === 'sent',
        async () => {
          await smtp.when(() => (smtp.mails.length >= 150 ? true : undefined));
          // The leases of the killed process end.
          await fixture.admin.query(
            `UPDATE outgoing_mails SET next_attempt_at = now() WHERE status = 'pending' AND claim IS NOT NULL
               AND next_attempt_at < now() + interval '57 seconds'`,
          );
          await Promise.all(others.map(({ worker }) => worker.poll()));
        },
      );
    const counts = new Map<string, number>();
    const ids = new Map<string, Set<string | undefined>>();
    for (const { to, messageId } of smtp.mails) {
      const email = [to].flat()[0]?.value[0]?.address ?? '';
      counts.set(email, (counts.get(email) ?? 0) + 1);
      ids.set(email, (ids.get(email) ?? new Set()).add(messageId));
    }
    expect([...counts.keys()].sort()).toEqual([...emails].sort());
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
    // A second copy has the Message-ID of the first.
    expect([...ids.values()].every(({ size }) => size === 1)).toBe(true);
    await smtp.stop();
  });

  it('lose no mail while the server is away, and count no try', async () => {
    const { port, away } = await closedPort();
    const process = fixture.process({ server: serverAt(port) });
    const emails = [address(), address(), address()];
    for (const email of emails) await fixture.add(process, noticeTo(email));
    await process.worker.poll();
    await fixture.rowsWhen(
      tenantId,
      ({ last_error: error }) => error === 'connection',
      () => fixture.makeDue().then(() => fixture.process({ server: serverAt(port) }).worker.poll()),
    );
    expect((await fixture.rows(tenantId)).map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
    expect(away).toBe(true);
    const smtp = await SmtpFixture.start({ port });
    await fixture.makeDue();
    // Another process has no pause of that server.
    await fixture.process({ server: serverAt(port) }).worker.poll();
    await Promise.all(emails.map((email) => smtp.received(email)));
    await fixture.rowsWhen(tenantId, ({ status }) => status === 'sent');
    await smtp.stop();
  });

  it('try again what the server refuses for now, and not what it refuses for good', async () => {
    const replies: Record<string, [number, string]> = {
      busy: [451, '4.7.1 Try again later'],
      policy: [554, '5.7.1 Rejected as spam'],
      gone: [550, '5.1.1 No such user'],
    };
    const smtp = await SmtpFixture.start({
      onRcptTo: ({ address: to }, _session, done) => {
        const [code, text] = replies[to.split('.')[0] ?? ''] ?? [];
        if (code === undefined) return done();
        done(Object.assign(new Error(text), { responseCode: code }));
      },
    });
    const process = fixture.process({ server: serverAt(smtp.port) });
    for (const name of Object.keys(replies))
      await fixture.add(process, noticeTo(`${name}.${address()}`));
    await process.worker.poll();
    const rows = await fixture.rowsWhen(tenantId, ({ last_error: error }) => error !== null);
    const row = (name: string) => rows.find(({ email }) => email.startsWith(name));
    expect(row('busy')).toMatchObject({ status: 'pending', attempts: 1, last_error: 'smtp 451' });
    expect(row('policy')).toMatchObject({ status: 'dead', last_error: 'smtp 554' });
    expect(row('gone')).toMatchObject({ status: 'dead', last_error: 'smtp 550', content: null });
    // What an operator can have sent again is kept, encrypted.
    expect(row('policy')?.content).not.toBeNull();
    const { rows: suppressed } = await fixture.admin.query<{ email: string; reason: string }>(
      'SELECT email, reason FROM suppressed_addresses WHERE tenant_id = $1',
      [tenantId],
    );
    expect(suppressed).toEqual([{ email: row('gone')?.email, reason: 'bounce' }]);
    expect(JSON.stringify(fixture.events)).toContain('mail.address_suppressed');
    expect(JSON.stringify(fixture.events)).not.toContain('gone.');
    delete replies['busy'];
    await fixture.makeDue();
    await process.worker.poll();
    await smtp.received(row('busy')?.email ?? '');
    await smtp.stop();
  });

  it('count tries, and give a mail up after the last one', async () => {
    const smtp = await SmtpFixture.start({
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error('4.2.2 Mailbox full'), { responseCode: 452 })),
    });
    const process = fixture.process({ server: serverAt(smtp.port) });
    await fixture.add(process, noticeTo(address()));
    await fixture.admin.query('UPDATE outgoing_mails SET attempts = 19');
    await process.worker.poll();
    const [row] = await fixture.rowsWhen(tenantId, ({ status }) => status === 'dead');
    expect(row?.last_error).toBe('smtp 452');
    await smtp.stop();
  });

  it('do not send a mail whose link has expired, nor one to an address that was suppressed meanwhile', async () => {
    const smtp = await SmtpFixture.start();
    const process = fixture.process({ server: serverAt(smtp.port) });
    const to = { email: address(), locale: 'pt-BR', timezone: 'UTC', name: null };
    await fixture.add(process, {
      tenantId,
      userId: null,
      to,
      kind: 'login_code',
      values: { code: '123456', expiresAt: new Date(Date.now() - 1) },
    });
    const blocked = address();
    await fixture.add(process, noticeTo(blocked));
    await fixture.admin.query(
      `INSERT INTO suppressed_addresses (tenant_id, email, reason) VALUES ($1, $2, 'complaint')`,
      [tenantId, blocked],
    );
    await process.worker.poll();
    const rows = await fixture.rowsWhen(tenantId, ({ status }) => status !== 'pending');
    expect(rows.map(({ status, content }) => [status, content])).toEqual([
      ['dead', null],
      ['suppressed', null],
    ]);
    expect(smtp.mails).toEqual([]);
    await smtp.stop();
  });
});

/** A port on which nothing listens. */
async function closedPort(): Promise<{ port: number; away: boolean }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { port, away: !server.listening };
}

describe("Tenants' own servers", () => {
  it('that never answer delay no tenant that uses the server of the service', async () => {
    const smtp = await SmtpFixture.start();
    const { port, stop } = await silentServer();
    class SilentAddresses extends ServerAddresses {
      override find(): Promise<string> {
        return Promise.resolve('127.0.0.1');
      }
    }
    const process = fixture.process(
      { server: serverAt(smtp.port) },
      { addresses: new SilentAddresses() },
    );
    for (let hostile = 0; hostile < 6; hostile += 1) {
      const { tenantId: tenant } = await seedTenant(fixture.database);
      await fixture.admin.query(
        `INSERT INTO tenant_mail (tenant_id, sender_address, smtp_host, smtp_port) VALUES ($1, 'a@x.example', 'x.example', 2525)`,
        [tenant],
      );
      // The fixture stands in for a server on the port of the tenant.
      for (let mail = 0; mail < 4; mail += 1)
        await fixture.add(process, noticeTo(address(), tenant));
    }
    fixture.tenantPort = port;
    const email = address();
    await fixture.add(process, noticeTo(email));
    const startedAt = performance.now();
    await process.worker.poll();
    await smtp.received(email, 1, 2_000);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const stopped = process.worker.beforeApplicationShutdown();
    await stop();
    await stopped;
    await smtp.stop();
  });

  it('get the password that was stored for them, and the sender of the tenant', async () => {
    const certificate = selfSignedCertificate();
    const logins: unknown[] = [];
    const smtp = await SmtpFixture.start({
      ...certificate,
      authOptional: false,
      onAuth: ({ username, password }, _session, done) => {
        logins.push(username, password);
        done(null, { user: 'mailer' });
      },
    });
    class LocalAddresses extends ServerAddresses {
      override find(): Promise<string> {
        return Promise.resolve('127.0.0.1');
      }
    }
    const process = fixture.process({}, { addresses: new LocalAddresses(), ca: certificate.cert });
    fixture.tenantPort = smtp.port;
    await fixture.admin.query(
      `INSERT INTO tenant_mail (tenant_id, sender_name, sender_address, smtp_host, smtp_port, smtp_user, smtp_password)
       VALUES ($1, 'Acme', 'help@acme.example', 'mail.tenant.example', 2525, 'mailer', $2)`,
      [tenantId, fixture.cipher.encrypt(Buffer.from('geheim'), passwordContext(tenantId))],
    );
    const email = address();
    await fixture.add(process, noticeTo(email));
    await process.worker.poll();
    const [mail] = await smtp.received(email);
    expect(mail?.from?.value).toEqual([{ name: 'Acme', address: 'help@acme.example' }]);
    expect(logins).toEqual(['mailer', 'geheim']);
    await smtp.stop();
  });
});

async function silentServer(): Promise<{ port: number; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, stop };
}
