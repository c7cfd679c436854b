import { Injectable } from '@nestjs/common';
import { NIL_UUID } from '@poc-tracker/contracts';
import { PlatformDatabase } from '@poc-tracker/tenancy';
import type { EncryptedColumn, EncryptedValue } from '../../protection/encrypted-column.js';
import { passwordContext } from './mail-password.js';

const LIST = `
  SELECT tenant_id AS "tenantId", smtp_password AS stored FROM tenant_mail
   WHERE smtp_password IS NOT NULL AND tenant_id > $1 ORDER BY tenant_id LIMIT $2`;

const REPLACE = `
  UPDATE tenant_mail SET smtp_password = $3 WHERE tenant_id = $1 AND smtp_password = $2 RETURNING tenant_id`;

/** The encrypted passwords of tenants' mail servers. */
@Injectable()
export class MailPasswordRotationRepository implements EncryptedColumn {
  readonly column = 'tenant_mail.smtp_password';

  constructor(private readonly database: PlatformDatabase) {}

  async list(
    after: Pick<EncryptedValue, 'tenantId'> | undefined,
    limit: number,
  ): Promise<EncryptedValue[]> {
    const rows = await this.database.query<Pick<EncryptedValue, 'tenantId' | 'stored'>>(LIST, [
      after?.tenantId ?? NIL_UUID,
      limit,
    ]);
    return rows.map(({ tenantId, stored }) => ({
      tenantId,
      id: tenantId,
      stored,
      context: passwordContext(tenantId),
    }));
  }

  async replace({ tenantId, stored }: EncryptedValue, next: Buffer): Promise<boolean> {
    return (await this.database.query(REPLACE, [tenantId, stored, next])).length > 0;
  }
}
