import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { DataCipher } from '../../protection/data-cipher.js';
import { MailContents, type MailContent } from '../outbox/mail-content.js';
import { mailLocale } from '../templates/mail-kinds.js';
import { MailRenderer, type RenderedMail } from '../templates/mail-renderer.js';
import type { MailText } from '../templates/mail-text.js';
import { FileTransport } from '../transports/file-transport.js';
import type { MailTransport, OutboundMessage } from '../transports/mail-transport.js';
import { SmtpTransport } from '../transports/smtp-transport.js';
import { TenantTransport } from '../transports/tenant-transport.js';
import { passwordContext } from '../settings/mail-password.js';
import { type ClaimedMail, MailQueueRepository } from './mail-queue.repository.js';

const DEFAULT_COLOR = '#2563eb';

/** Composes a claimed mail and hands it to the server of its tenant, or to that of the service. */
@Injectable()
export class MailSender implements OnApplicationShutdown {
  private readonly logger = new Logger(MailSender.name);
  private readonly shared: (MailTransport & { close?: () => void }) | undefined;

  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'mail'>,
    private readonly queue: MailQueueRepository,
    private readonly contents: MailContents,
    private readonly renderer: MailRenderer,
    private readonly cipher: DataCipher,
    private readonly tenants: TenantTransport,
  ) {
    const { server, directory } = config.mail;
    if (server !== undefined) this.shared = new SmtpTransport(server);
    else if (directory !== undefined) this.shared = new FileTransport(directory);
  }

  /** False if the service has nowhere to send mails to: they wait. */
  get hasSharedTransport(): boolean {
    return this.shared !== undefined;
  }

  /** @throws DeliveryError; Error if the mail cannot be decrypted or composed. */
  async send(mail: ClaimedMail): Promise<void> {
    const message = await this.compose(mail);
    const { smtpHost: host, smtpPort: port } = mail;
    if (host !== null && port !== null)
      return this.tenants.send({ host, port, auth: this.authOf(mail) }, message);
    if (this.shared === undefined) throw new Error('There is no mail server.');
    return this.shared.send(message);
  }

  onApplicationShutdown(): void {
    this.shared?.close?.();
  }

  private async compose(mail: ClaimedMail): Promise<OutboundMessage> {
    const { tenantId, id, kind, email, content: encrypted, createdAt } = mail;
    if (encrypted === null) throw new Error('The mail has no content.');
    const content = this.contents.decrypt({ tenantId, kind, id }, encrypted);
    const template = await this.queue.findTemplate(tenantId, kind, mailLocale(content.to.locale));
    const { from } = this.config.mail;
    const ownAddress = mail.smtpHost !== null || mail.senderProven ? mail.senderAddress : null;
    return {
      messageId: `<${id}.${tenantId}@${from.slice(from.indexOf('@') + 1)}>`,
      date: createdAt,
      from: { name: mail.senderName ?? mail.tenantName, address: ownAddress ?? from },
      replyTo: mail.replyTo ?? undefined,
      to: email,
      ...this.render(mail, content, template),
    };
  }

  /** A tenant's template that fails is replaced by that of the service: the mail matters more than its words. */
  private render(
    { kind, email, tenantName, color, tenantId }: ClaimedMail,
    { to, values }: MailContent,
    template: MailText | undefined,
  ): RenderedMail {
    const tenant = { name: tenantName, color: color || DEFAULT_COLOR };
    const data = { kind, to: { ...to, email }, values, tenant };
    if (template === undefined) return this.renderer.render(data);
    try {
      return this.renderer.render({ ...data, template });
    } catch {
      this.logger.warn(`The template ${kind} of the tenant ${tenantId} cannot be rendered.`);
      return this.renderer.render(data);
    }
  }

  private authOf({ tenantId, smtpUser: user, smtpPassword: encrypted }: ClaimedMail) {
    if (user === null || encrypted === null) return undefined;
    const pass = this.cipher.decrypt(encrypted, passwordContext(tenantId)).toString();
    return { user, pass };
  }
}
