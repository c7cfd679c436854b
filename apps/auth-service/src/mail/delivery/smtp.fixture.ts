import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A certificate for `localhost` and `mail.tenant.example`, made by the openssl of the system. */
export function selfSignedCertificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'poc-tracker-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  try {
    const subject = ['-subj', '/CN=localhost', '-days', '2'];
    const names = ['-addext', 'subjectAltName=DNS:localhost,DNS:mail.tenant.example'];
    const files = ['-keyout', key, '-out', cert];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject, ...names],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A real SMTP server that keeps the mails it accepts. */
export class SmtpFixture {
  private constructor(
    private readonly server: SMTPServer,
    readonly port: number,
    /** What was accepted, in its order. */
    readonly mails: readonly ParsedMail[],
    private readonly waiting: (() => void)[],
  ) {}

  /** @param options what the server does, besides keeping mails. Without a certificate it has no TLS. */
  static async start(options: SMTPServerOptions & { port?: number } = {}): Promise<SmtpFixture> {
    const mails: ParsedMail[] = [];
    const waiting: (() => void)[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: options.cert === undefined ? ['STARTTLS'] : [],
      logger: false,
      closeTimeout: 50,
      onData: (stream, _session, done) => {
        simpleParser(stream).then((mail) => {
          mails.push(mail);
          for (const resume of waiting.splice(0)) resume();
          done();
        }, done);
      },
      ...options,
    });
    // A client that gives up is no failure of the test.
    server.on('error', () => undefined);
    const listener = server.listen(options.port ?? 0, '127.0.0.1');
    await once(listener, 'listening');
    return new SmtpFixture(server, (listener.address() as AddressInfo).port, mails, waiting);
  }

  /** In the form of SMTP_URL. */
  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** The mails to an address, when there are as many. @throws Error after the deadline. */
  async received(email: string, count = 1, deadlineMs = 15_000): Promise<ParsedMail[]> {
    return this.when(() => {
      const found = this.mails.filter(({ to }) =>
        [to].flat().some((one) => one?.value.some(({ address }) => address === email)),
      );
      return found.length >= count ? found : undefined;
    }, deadlineMs);
  }

  /** The result of `find`, as soon as it has one: it is asked again with every mail. */
  async when<T>(find: () => T | undefined, deadlineMs = 15_000): Promise<T> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (Date.now() > deadline)
        throw new Error(`The mail did not arrive; ${this.mails.length} others did.`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }
}
