import { Injectable } from '@nestjs/common';
import { DataCipher } from '../../protection/data-cipher.js';
import { definitionOf, type MailKind } from '../templates/mail-kinds.js';
import type { MailRecipient, OutgoingMail } from './outgoing-mail.js';

/** What a mail says, without the address, which the limits need to compare. */
export interface MailContent {
  readonly to: Omit<MailRecipient, 'email'>;
  /** By name; a time is a `Date`. */
  readonly values: Readonly<Record<string, string | Date>>;
}

type Place = Pick<OutgoingMail, 'tenantId' | 'kind'> & { id: string };

/** Encrypts the content of a mail until it is sent: its links and codes log a user in. */
@Injectable()
export class MailContents {
  constructor(private readonly cipher: DataCipher) {}

  encrypt(place: Place, { to, values }: MailContent): Buffer {
    const { locale, timezone, name } = to;
    const json = JSON.stringify({ to: { locale, timezone, name }, values });
    return this.cipher.encrypt(Buffer.from(json), contentContext(place));
  }

  /** @throws UndecryptableDataError if it was altered, copied to another mail, or its key is missing. */
  decrypt(place: Place, content: Buffer): MailContent {
    const json = this.cipher.decrypt(content, contentContext(place)).toString();
    const { to, values } = JSON.parse(json) as {
      to: MailContent['to'];
      values: Record<string, string>;
    };
    return { to, values: withTimes(place.kind, values) };
  }
}

/** The place of a mail's content, to which its encrypted form is bound (see DataCipher). */
export function contentContext({ tenantId, kind, id }: Place): string {
  return `outgoing_mails.content:${tenantId}:${kind}:${id}`;
}

function withTimes(kind: MailKind, values: Record<string, string>): MailContent['values'] {
  const types = definitionOf(kind).values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      types[name] === 'time' ? new Date(value) : value,
    ]),
  );
}
