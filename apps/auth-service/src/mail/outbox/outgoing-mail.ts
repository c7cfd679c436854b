import type { MailKind, MailValues } from '../templates/mail-kinds.js';

/** Whom a mail is for, and how it is written. */
export interface MailRecipient {
  readonly email: string;
  /** `pt-BR` or `en-US`. */
  readonly locale: string;
  /** An IANA time zone, in which times are written. */
  readonly timezone: string;
  /** The first name, by which the mail greets. Null if there is none. */
  readonly name: string | null;
}

interface MailOf<K extends MailKind> {
  readonly tenantId: string;
  /** Null if the address belongs to no user yet. */
  readonly userId: string | null;
  readonly to: MailRecipient;
  readonly kind: K;
  readonly values: MailValues<K>;
}

/** A mail of one of the kinds, with the values of that kind. */
export type OutgoingMail = { [K in MailKind]: MailOf<K> }[MailKind];

/** What the outbox decided about a mail. The caller of a route must not tell its client: that would reveal an address. */
export type MailOutcome = 'queued' | 'suppressed' | 'disabled' | 'address_limit' | 'tenant_limit';
