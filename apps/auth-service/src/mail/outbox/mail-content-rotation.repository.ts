import { Injectable } from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import type { EncryptedColumn, EncryptedValue } from '../../protection/encrypted-column.js';
import type { MailKind } from '../templates/mail-kinds.js';
import { contentContext } from './mail-content.js';

/* Mails that wait, and dead ones that can be sent again: the content of the others is erased. */
const LIST = `
  SELECT tenant_id AS "tenantId", id, kind, content AS stored FROM outgoing_mails
   WHERE content IS NOT NULL AND (tenant_id, id) > ($1::uuid, $2::uuid) ORDER BY tenant_id, id LIMIT $3`;

const REPLACE = `
  UPDATE outgoing_mails SET content = $4 WHERE tenant_id = $1 AND id = $2 AND content = $3 RETURNING id`;

/** The encrypted contents of mails that are not sent yet. */
@Injectable()
export class MailContentRotationRepository implements EncryptedColumn {
  readonly column = 'outgoing_mails.content';

  constructor(private readonly database: PlatformDatabase) {}

  async list(
    after: Pick<EncryptedValue, 'tenantId' | 'id'> | undefined,
    limit: number,
  ): Promise<EncryptedValue[]> {
    const rows = await this.database.query<Omit<EncryptedValue, 'context'> & { kind: MailKind }>(
      LIST,
      [after?.tenantId ?? NIL_UUID, after?.id ?? NIL_UUID, limit],
    );
    return rows.map((row) => ({ ...row, context: contentContext(row) }));
  }

  async replace({ tenantId, id, stored }: EncryptedValue, next: Buffer): Promise<boolean> {
    return (await this.database.query(REPLACE, [tenantId, id, stored, next])).length > 0;
  }
}
