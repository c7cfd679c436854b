import { createTransport, type SMTPTransportOptions, type Transporter } from 'nodemailer';
import type { SmtpServer } from '../../config/mail-settings.js';
import { DeliveryError, type MailTransport, type OutboundMessage } from './mail-transport.js';
import { nodemailerMessage } from './nodemailer-message.js';

/** Milliseconds for each step. A healthy server needs a few hundred for all of them. */
const TIMEOUTS = {
  dnsTimeout: 5_000,
  connectionTimeout: 5_000,
  greetingTimeout: 5_000,
  socketTimeout: 10_000,
};

/** For the whole mail: a server that sends one byte at a time meets every timeout above. */
export const SEND_TIMEOUT_MS = 25_000;

/** Bytes of one reply of a server. */
const MAX_REPLY = 16_384;

const POOL = { maxConnections: 5, maxMessages: 100, idleTimeout: 30_000, maxRequeues: 0 };

/** The address does not exist, or takes no mail (RFC 3463, 3.2 and 3.3; RFC 7505). */
const NO_MAILBOX = ['5.1.1', '5.1.6', '5.1.10', '5.2.1'];

/** Sends by SMTP, with TLS that verifies the server's certificate. */
export class SmtpTransport implements MailTransport {
  private readonly transporter: Transporter;

  /** @param tls for tests: the certificate authority of the server */
  constructor(server: SmtpServer, tls: { ca?: string } = {}) {
    this.transporter = createTransport({ ...POOL, ...smtpOptions(server, tls), pool: true });
  }

  async send(message: OutboundMessage): Promise<void> {
    await sendWith(this.transporter, message);
  }

  close(): void {
    this.transporter.close();
  }
}

/** @param tls `servername` if the host is an address */
export function smtpOptions(
  { host, port, secure, requireTls, auth }: SmtpServer,
  tls: { ca?: string; servername?: string },
): SMTPTransportOptions {
  return {
    ...TIMEOUTS,
    host,
    port,
    secure,
    requireTLS: requireTls,
    maxResponseSize: MAX_REPLY,
    ...(auth && { auth: { ...auth } }),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...tls },
  };
}

/** @throws DeliveryError */
export async function sendWith(transporter: Transporter, message: OutboundMessage): Promise<void> {
  const options = { ...nodemailerMessage(message), signal: AbortSignal.timeout(SEND_TIMEOUT_MS) };
  try {
    await transporter.sendMail(options);
  } catch (error) {
    throw toDeliveryError(error as SmtpFailure);
  }
}

interface SmtpFailure {
  code?: string;
  command?: string;
  response?: string;
  responseCode?: number;
  permanent?: boolean;
}

/** Names of nodemailer's errors that have no reply, and what they mean to an admin. */
const REASONS: Readonly<Record<string, string>> = {
  EAUTH: 'authentication',
  ENOAUTH: 'authentication',
  ETLS: 'tls',
  EDNS: 'dns',
  ETIMEDOUT: 'timeout',
  EABORT: 'timeout',
};

function toDeliveryError(error: SmtpFailure): DeliveryError {
  const { code = '', command = '', response = '', responseCode, permanent } = error;
  // A wrong password, and a server that is closing, concern every mail.
  const ofMail = /^(MAIL|RCPT|DATA)/.test(command) || code === 'EENVELOPE' || code === 'EMESSAGE';
  if (responseCode === undefined || !ofMail || responseCode === 421)
    return new DeliveryError('unreachable', REASONS[code] ?? 'connection', error);
  const reason = `smtp ${responseCode}`;
  if (permanent !== true) return new DeliveryError('temporary', reason, error);
  const [, enhanced = ''] = /^\d{3}[ -](5\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? [];
  const noMailbox = command.startsWith('RCPT') && NO_MAILBOX.includes(enhanced);
  return new DeliveryError(noMailbox ? 'no_mailbox' : 'rejected', reason, error);
}
