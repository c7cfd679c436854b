import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SmtpServer } from '../../config/mail-settings.js';
import { selfSignedCertificate, SmtpFixture } from '../delivery/smtp.fixture.js';
import { FileTransport, MAIL_FILE } from './file-transport.js';
import { DeliveryError, type OutboundMessage } from './mail-transport.js';
import { ServerAddresses } from './server-addresses.js';
import { SmtpTransport } from './smtp-transport.js';
import { TenantTransport } from './tenant-transport.js';

const ID = '0192f0c1-8c2b-7a10-b1c2-d3e4f5061728';

const message = (changes: Partial<OutboundMessage> = {}): OutboundMessage => ({
  messageId: `<${ID}.${ID}@poctracker.com>`,
  date: new Date('2026-11-30T17:30:00Z'),
  from: { name: 'Acme', address: 'no-reply@poctracker.com' },
  replyTo: undefined,
  to: 'ana@acme.example',
  subject: 'Olá',
  text: 'Olá\n',
  html: '<p>Olá</p>',
  ...changes,
});

const at = (port: number, changes: Partial<SmtpServer> = {}): SmtpServer => ({
  host: 'localhost',
  port,
  secure: false,
  requireTls: true,
  auth: undefined,
  ...changes,
});

async function failure(work: Promise<void>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DeliveryError)) throw new Error(`Not refused: ${String(error)}`);
  return `${error.kind} ${error.reason}`;
}

async function attempt(server: SmtpServer, tls: { ca?: string } = {}): Promise<string> {
  const transport = new SmtpTransport(server, tls);
  try {
    return await failure(transport.send(message()));
  } finally {
    transport.close();
  }
}

let certificate: { key: string; cert: string };

beforeAll(() => {
  certificate = selfSignedCertificate();
});

describe('The SMTP transport', () => {
  it('sends over TLS from the start and by STARTTLS, to a server with a certificate that it trusts', async () => {
    for (const secure of [true, false]) {
      const smtp = await SmtpFixture.start({ ...certificate, secure });
      const transport = new SmtpTransport(at(smtp.port, { secure }), { ca: certificate.cert });
      await transport.send(message());
      expect(smtp.mails[0]).toMatchObject({ subject: 'Olá', text: 'Olá\n' });
      transport.close();
      await smtp.stop();
    }
  });

  it('sends nothing to a server with a certificate of no known authority', async () => {
    const smtp = await SmtpFixture.start(certificate);
    expect(await attempt(at(smtp.port))).toMatch(/^unreachable (tls|connection)$/);
    expect(smtp.mails).toEqual([]);
    await smtp.stop();
  });

  it('sends nothing, and no password, to a server without STARTTLS if TLS is required', async () => {
    const logins: unknown[] = [];
    const smtp = await SmtpFixture.start({
      allowInsecureAuth: true,
      onAuth: (login, _session, done) => {
        logins.push(login);
        done(null, { user: 'x' });
      },
    });
    const auth = { user: 'mailer', pass: 'geheim' };
    expect(await attempt(at(smtp.port, { auth }))).toMatch(/^unreachable/);
    expect([smtp.mails, logins]).toEqual([[], []]);
    await smtp.stop();
  });

  it('names a refused password, without repeating it', async () => {
    const smtp = await SmtpFixture.start({
      ...certificate,
      authOptional: false,
      onAuth: (_login, _session, done) => done(new Error('535 5.7.8 geheim is wrong')),
    });
    const auth = { user: 'mailer', pass: 'geheim' };
    const reason = await attempt(at(smtp.port, { auth }), { ca: certificate.cert });
    expect(reason).toBe('unreachable authentication');
    await smtp.stop();
  });

  it('gives up on a server that never greets', { timeout: 20_000 }, async () => {
    const { port, stop } = await silentServer();
    expect(await attempt(at(port))).toBe('unreachable timeout');
    await stop();
  });
});

describe('The header of a mail', () => {
  it.each([
    [
      'the name of the sender',
      { from: { name: 'Acme\r\nBcc: eve@evil.example', address: 'a@b.example' } },
    ],
    ['the subject', { subject: 'Hello\r\nBcc: eve@evil.example\r\n\r\nbody' }],
    ['the reply address', { replyTo: 'a@b.example\r\nBcc: eve@evil.example' }],
    ['the recipient', { to: 'ana@acme.example>\r\nRCPT TO:<eve@evil.example' }],
    ['a list of recipients', { to: 'ana@acme.example, eve@evil.example' }],
  ])('cannot be extended by %s', async (_what, change) => {
    const recipients: string[] = [];
    const smtp = await SmtpFixture.start({
      onRcptTo: ({ address }, _session, done) => {
        recipients.push(address);
        done();
      },
    });
    const transport = new SmtpTransport(at(smtp.port, { requireTls: false }));
    await transport.send(message(change)).catch(() => undefined);
    expect(recipients).not.toContain('eve@evil.example');
    expect(smtp.mails.flatMap(({ headers }) => [...headers.keys()])).not.toContain('bcc');
    transport.close();
    await smtp.stop();
  });
});

class FixedAddresses extends ServerAddresses {
  constructor(private readonly addresses: string[]) {
    super();
  }

  protected override resolve(): Promise<string[]> {
    return Promise.resolve(this.addresses);
  }
}

/** Leads every name to this machine, without the check. */
class LocalAddresses extends ServerAddresses {
  override find(): Promise<string> {
    return Promise.resolve('127.0.0.1');
  }
}

describe("The transport of a tenant's own server", () => {
  const tenantServer = (port: number) => ({ host: 'mail.tenant.example', port, auth: undefined });

  it.each([
    ['this machine', ['127.0.0.1']],
    ['the private network', ['10.0.0.5']],
    ['the metadata service of a cloud', ['169.254.169.254']],
    ['this machine by IPv6', ['::1']],
    ['this machine by an IPv4-mapped address', ['::ffff:127.0.0.1']],
    ['a private address among public ones', ['8.8.8.8', '192.168.0.1']],
  ])('does not connect to a name that leads to %s', async (_what, addresses) => {
    const smtp = await SmtpFixture.start(certificate);
    const transport = new TenantTransport(new FixedAddresses(addresses));
    const reason = await failure(transport.send(tenantServer(smtp.port), message()));
    expect(reason).toBe('unreachable address_not_public');
    await smtp.stop();
  });

  it('finds a public address, and says if there is none', async () => {
    expect(await new FixedAddresses(['8.8.8.8']).find('mail.tenant.example')).toBe('8.8.8.8');
    const none = new FixedAddresses([]).find('mail.tenant.example').then(() => undefined);
    expect(await failure(none)).toBe('unreachable dns');
  });

  it('connects to the checked address, and compares the certificate with the name', async () => {
    const smtp = await SmtpFixture.start(certificate);
    const transport = new TenantTransport(new LocalAddresses());
    const ca = { ca: certificate.cert };
    await transport.send(tenantServer(smtp.port), message(), ca);
    expect(smtp.mails).toHaveLength(1);
    const other = { ...tenantServer(smtp.port), host: 'mail.other.example' };
    expect(await failure(transport.send(other, message(), ca))).toMatch(/^unreachable/);
    expect(smtp.mails).toHaveLength(1);
    await smtp.stop();
  });

  it('requires TLS of every server', async () => {
    const smtp = await SmtpFixture.start();
    const transport = new TenantTransport(new LocalAddresses());
    expect(await failure(transport.send(tenantServer(smtp.port), message()))).toMatch(
      /^unreachable/,
    );
    expect(smtp.mails).toEqual([]);
    await smtp.stop();
  });
});

describe('The file transport', () => {
  const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-mails-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes one file for a mail, also if it is sent twice, that only this user can read', async () => {
    const directory = join(folder, 'mails');
    const transport = new FileTransport(directory);
    await transport.send(message());
    await transport.send(message());
    const files = readdirSync(directory).filter((name) => MAIL_FILE.test(name));
    expect(files).toEqual([`20261130T173000000Z-${ID}.eml`]);
    const file = join(directory, files[0] ?? '');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const mail = await simpleParser(readFileSync(file));
    expect(mail).toMatchObject({ subject: 'Olá', text: 'Olá\n' });
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('says if the folder cannot be used', async () => {
    const transport = new FileTransport('/dev/null/mails');
    expect(await failure(transport.send(message()))).toBe('unreachable file');
  });
});

/** Accepts connections and says nothing. */
async function silentServer(): Promise<{ port: number; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
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
