/** A rendered mail with its header. */
export interface OutboundMessage {
  /** `<id@domain>`; the same each time the mail is sent, so that a receiver can drop a second copy. */
  messageId: string;
  date: Date;
  from: { name: string; address: string };
  replyTo: string | undefined;
  to: string;
  subject: string;
  text: string;
  html: string;
}

/**
 * Why a mail was not sent:
 * - `unreachable`: the server did not get as far as the mail. Other mails to it would fail as well.
 * - `temporary`: the server refused it for now (a reply of 4xx, RFC 5321, 4.2.1).
 * - `rejected`: the server refuses it for good (5xx).
 * - `no_mailbox`: the address does not exist.
 */
export type FailureKind = 'unreachable' | 'temporary' | 'rejected' | 'no_mailbox';

/** A mail was not sent. `reason` is short and has nothing of what the server or the mail said. */
export class DeliveryError extends Error {
  constructor(
    readonly kind: FailureKind,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`The mail was not sent: ${reason}`, { cause });
    this.name = 'DeliveryError';
  }
}

/** Sends mails. */
export interface MailTransport {
  /** Resolves when the server has accepted the mail. @throws DeliveryError */
  send(message: OutboundMessage): Promise<void>;
}
