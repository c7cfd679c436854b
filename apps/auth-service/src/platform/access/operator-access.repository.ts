import { Injectable } from '@nestjs/common';
import type { SqlRunner } from '@poc-tracker/tenancy';

const LOCK = `SELECT pg_advisory_xact_lock(hashtext('operator_access'), hashtext($1 || coalesce($2, '')))`;

/* Ids start with their time, so that the day is one range of the index of types. A listing tells no admin, so it does not count. */
const ACCESSED_TODAY = `
  SELECT FROM security_events e
   WHERE e.tenant_id = $1 AND e.type = 'operator.accessed' AND e.actor_id IS NOT DISTINCT FROM $2::uuid
     AND e.id >= encode(substring(int8send((extract(epoch FROM date_trunc('day', now(), 'UTC')) * 1000)::bigint) FROM 3)
                        || decode('70008000000000000000', 'hex'), 'hex')::uuid
     AND e.details ->> 'action' <> 'list'
   LIMIT 1`;

/** Former accesses of operators to a tenant, as its audit log shows them. */
@Injectable()
export class OperatorAccessRepository {
  /**
   * True for the first access of the operator to the tenant since midnight (UTC). Accesses at once wait for each other.
   * @param operatorId null for the command line
   */
  async isFirstToday(
    transaction: SqlRunner,
    tenantId: string,
    operatorId: string | null,
  ): Promise<boolean> {
    await transaction.query(LOCK, [tenantId, operatorId]);
    return (await transaction.query(ACCESSED_TODAY, [tenantId, operatorId])).length === 0;
  }
}
