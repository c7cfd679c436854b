import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';
import type { MailedUser } from '../user-mails.js';

/** More would be a list of readers. Each mail costs an insert in the transaction that tells the admins. */
const TOLD = 20;

const LIST_ACTIVE = `
  SELECT tenant_id AS "tenantId", id, email, locale, timezone, first_name AS "firstName" FROM users
   WHERE tenant_id = $1 AND role = 'admin' AND status = 'active' ORDER BY id LIMIT ${TOLD}`;

/** The admins of a tenant, as mails need them. */
@Injectable()
export class AdminRepository {
  /** The longest-standing active admins, at most 20. */
  async listActive(transaction: SqlRunner, tenantId: string): Promise<MailedUser[]> {
    return transaction.query(LIST_ACTIVE, [tenantId]);
  }
}
