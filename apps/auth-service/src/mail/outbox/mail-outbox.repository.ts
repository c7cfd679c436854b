import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import type { MailCategory, MailKind } from '../templates/mail-kinds.js';
import type { MailOutcome } from './outgoing-mail.js';

export interface NewMail {
  id: string;
  userId: string | null;
  kind: MailKind;
  category: MailCategory;
  email: string;
  content: Buffer;
  uselessAfter: Date | null;
}

/** Adds mails in the transaction of the change, whose tenant is that of the mail. */
@Injectable()
export class MailOutboxRepository {
  async add(transaction: SqlRunner, mail: NewMail): Promise<MailOutcome> {
    const [added] = await transaction.query<{ outcome: MailOutcome }>(
      'SELECT add_mail($1, $2, $3, $4, $5, $6, $7) AS outcome',
      [mail.id, mail.userId, mail.kind, mail.category, mail.email, mail.content, mail.uselessAfter],
    );
    if (added === undefined) throw new Error('add_mail() returned no row.');
    return added.outcome;
  }
}
