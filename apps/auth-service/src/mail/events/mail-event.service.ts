import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { AddressSuppression } from '../suppression/address-suppression.js';
import type { SuppressionReason } from '../suppression/suppression.repository.js';
import { MailEventRepository } from './mail-event.repository.js';
import { isGenuine } from './webhook-signature.js';

interface MailEvent {
  reason: SuppressionReason;
  mail: { tenantId: string; id: string };
}

/** Bytes of an event. */
const MAX_BODY = 16_384;

/** Milliseconds for it to arrive. */
const BODY_TIMEOUT_MS = 5_000;

const TYPES = { 'email.bounced': 'bounce', 'email.complained': 'complaint' } as const;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const MESSAGE_ID = new RegExp(`^<?(${UUID})\\.(${UUID})@[\\w.-]{1,253}>?$`);

/** Accepts what the mail provider reports: mails that came back for good, and complaints of readers. */
@Injectable()
export class MailEventService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'mail'>,
    private readonly repository: MailEventRepository,
    private readonly suppression: AddressSuppression,
  ) {}

  /**
   * The address is that of the mail which the event names, so an event cannot suppress an address of another tenant. A copy
   * of an event, and one about an unknown mail, have no effect.
   * @throws ApiError NOT_FOUND without MAIL_WEBHOOK_SECRET; INVALID_TOKEN for a wrong signature; VALIDATION_ERROR;
   *   PAYLOAD_TOO_LARGE.
   */
  async accept(request: IncomingMessage): Promise<{ accepted: true }> {
    const { webhookSecret: secret } = this.config.mail;
    if (secret === undefined) throw new ApiError('NOT_FOUND');
    const { headers } = request;
    const id = textOf(headers['webhook-id']);
    const timestamp = textOf(headers['webhook-timestamp']);
    const signature = textOf(headers['webhook-signature']);
    const body = await readBody(request);
    const nowSeconds = Math.floor(Date.now() / 1_000);
    if (!isGenuine({ id, timestamp, signature }, body, { secret, nowSeconds }))
      throw new ApiError('INVALID_TOKEN');
    const event = parse(body);
    if (event !== undefined) await this.suppress(id, event);
    return { accepted: true };
  }

  private async suppress(eventId: string, { reason, mail }: MailEvent): Promise<void> {
    await this.repository.once(eventId, mail.tenantId, (transaction) =>
      this.suppression.add(transaction, mail, reason),
    );
  }
}

/** @returns undefined for an event that says nothing about an address, such as a temporary bounce. */
function parse(body: Buffer): MailEvent | undefined {
  let event: { type?: unknown; data?: { messageId?: unknown; permanent?: unknown } | null } | null;
  try {
    event = JSON.parse(body.toString()) as typeof event;
  } catch {
    throw ApiError.validation({ field: 'body', message: 'must be JSON' });
  }
  const type = String(event?.type);
  const reason = Object.hasOwn(TYPES, type) ? TYPES[type as keyof typeof TYPES] : undefined;
  const [, id, tenantId] = MESSAGE_ID.exec(String(event?.data?.messageId)) ?? [];
  const temporary = reason === 'bounce' && event?.data?.permanent !== true;
  if (reason === undefined || temporary || id === undefined || tenantId === undefined)
    return undefined;
  return { reason, mail: { tenantId, id } };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const timer = setTimeout(() => request.destroy(), BODY_TIMEOUT_MS);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY) throw new ApiError('PAYLOAD_TOO_LARGE');
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
