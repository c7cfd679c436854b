import { Injectable } from '@nestjs/common';
import { PlatformDatabase, TenantDatabase } from '@poc-tracker/tenancy';
import { DataCipher } from '../../protection/data-cipher.js';
import type { MailRequestKind, StoredRequest } from './mail-request.js';

/** A row that the process has taken over. */
export interface LeftRequest {
  tenantId: string;
  id: string;
  kind: MailRequestKind;
  content: Buffer;
}

type Place = Pick<LeftRequest, 'tenantId' | 'id' | 'kind'>;

const TAKE_OVER = `
  WITH due AS (
    SELECT tenant_id, id FROM mail_requests
     WHERE lease_until <= clock_timestamp() AND expires_at > clock_timestamp()
     ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED
  )
  UPDATE mail_requests r SET lease_until = clock_timestamp() + $2 * interval '1 millisecond'
    FROM due d WHERE r.tenant_id = d.tenant_id AND r.id = d.id
  RETURNING r.tenant_id AS "tenantId", r.id, r.kind, r.content`;

/** Requests for a mail that are answered and not worked off. Their content is encrypted, and bound to its row. */
@Injectable()
export class MailRequestRepository {
  constructor(
    private readonly database: TenantDatabase,
    private readonly platform: PlatformDatabase,
    private readonly cipher: DataCipher,
  ) {}

  /** In a transaction of the tenant. @returns false if too many requests of the tenant wait. */
  async add(place: Place, request: StoredRequest, leaseMs: number): Promise<boolean> {
    const content = this.cipher.encrypt(Buffer.from(JSON.stringify(request)), contextOf(place));
    const [added] = await this.database.query<{ added: boolean }>(
      `SELECT add_mail_request($1, $2, $3, $4 * interval '1 millisecond') AS added`,
      [place.id, place.kind, content, leaseMs],
    );
    return added?.added === true;
  }

  /** Deletes a request in the transaction that does its work. @returns false if that was done before. */
  async take(id: string): Promise<boolean> {
    const [taken] = await this.database.query<{ taken: boolean }>(
      'SELECT take_mail_request($1) AS taken',
      [id],
    );
    return taken?.taken === true;
  }

  /** Takes over requests of all tenants whose lease has ended, on the operators' login. Each is given to one process. */
  async takeOver(leaseMs: number, limit: number): Promise<LeftRequest[]> {
    return this.platform.query(TAKE_OVER, [limit, leaseMs]);
  }

  /** @throws UndecryptableDataError if it was altered, copied to another row, or its key is missing. */
  contentOf(left: LeftRequest): StoredRequest {
    const json = this.cipher.decrypt(left.content, contextOf(left)).toString();
    return JSON.parse(json) as StoredRequest;
  }
}

function contextOf({ tenantId, kind, id }: Place): string {
  return `mail_requests.content:${tenantId}:${kind}:${id}`;
}
