import { join, resolve } from 'node:path';
import type { EnvironmentReader, ServiceSettings } from '@poc-tracker/http-service';

/** The mail server of the service. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, as on port 465. Without it, STARTTLS. */
  readonly secure: boolean;
  /** Whether a server without STARTTLS is refused. */
  readonly requireTls: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
}

export interface MailSettings {
  /** Undefined: mails are files in `directory`, or wait in the outbox if there is none. */
  readonly server: SmtpServer | undefined;
  /** Absolute path of the folder for mails that are not sent. Undefined in production and in tests. */
  readonly directory: string | undefined;
  /** The address of the sender, unless a tenant has another. */
  readonly from: string;
  /** Signs the events of the mail provider. Undefined: none are accepted. */
  readonly webhookSecret: Buffer | undefined;
}

const SMTP_EXAMPLE = 'smtps://user:password@smtp.example.com:465';
const SUBMISSION_PORT = 587;
const SMTPS_PORT = 465;

/** The recommendation of Standard Webhooks: 24 to 64 random bytes. */
const SECRET_BYTES = { min: 24, max: 64 };

export function readMailSettings(
  reader: EnvironmentReader,
  { environment, tenancy }: Pick<ServiceSettings, 'environment' | 'tenancy'>,
): MailSettings {
  const server = readSmtpServer(reader, environment === 'production');
  const dataDirectory = resolve(reader.optional('DATA_DIR') ?? '.data');
  return {
    server,
    directory:
      server === undefined && environment === 'development'
        ? join(dataDirectory, 'mails')
        : undefined,
    from: reader.text(
      'MAIL_FROM',
      `no-reply@${tenancy.baseDomain}`,
      /^[\w.+-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$/,
      'must be an email address, without a name.',
    ),
    webhookSecret: readWebhookSecret(reader),
  };
}

/** What the operator should know of the settings. */
export function warnOfMail({ server, directory }: MailSettings, production: boolean): string[] {
  return production && server === undefined && directory === undefined
    ? [
        'SMTP_URL is not set, so mails wait in the outbox: users cannot reset passwords or confirm addresses. A mail that waits ' +
          'for three days is dead.',
      ]
    : [];
}

function readSmtpServer(reader: EnvironmentReader, production: boolean): SmtpServer | undefined {
  const text = reader.secret('SMTP_URL');
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === 'smtps:';
  // The value has a password, so the message does not repeat it.
  if (
    url === undefined ||
    !(secure || url.protocol === 'smtp:') ||
    url.hostname === '' ||
    !/^\/?$/.test(url.pathname) ||
    url.search !== '' ||
    (url.username === '') !== (url.password === '')
  ) {
    reader.refuse(
      'SMTP_URL',
      'must be smtp:// or smtps:// with a host, and with both a user and a password or neither.',
      SMTP_EXAMPLE,
    );
    return undefined;
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? SMTPS_PORT : SUBMISSION_PORT)),
    secure,
    requireTls: production && !secure,
    auth:
      url.username === ''
        ? undefined
        : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
  };
}

function readWebhookSecret(reader: EnvironmentReader): Buffer | undefined {
  const text = reader.secret('MAIL_WEBHOOK_SECRET');
  if (text === undefined) return undefined;
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const secret = Buffer.from(encoded, 'base64');
  if (secret.length < SECRET_BYTES.min || secret.length > SECRET_BYTES.max)
    reader.refuse(
      'MAIL_WEBHOOK_SECRET',
      `must be whsec_ and ${SECRET_BYTES.min} to ${SECRET_BYTES.max} random bytes in base64.`,
      '"whsec_$(openssl rand -base64 32)"',
    );
  return secret;
}
