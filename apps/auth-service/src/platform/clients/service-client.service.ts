import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { hashOfSecret, newSecret } from '../../protection/secret.js';
import type { OperatorActor } from '../operator-actor.js';
import { OperatorsTenantService } from '../operators/operators-tenant.service.js';

export interface ServiceClient {
  id: string;
  name: string;
  createdAt: Date;
  revokedAt: Date | null;
}

const CREATE = `
  INSERT INTO service_clients (tenant_id, name, secret_hash) VALUES ($1, $2, $3)
  ON CONFLICT ON CONSTRAINT service_clients_name_key DO NOTHING
  RETURNING id, name, created_at AS "createdAt", revoked_at AS "revokedAt"`;

const LIST = `
  SELECT id, name, created_at AS "createdAt", revoked_at AS "revokedAt"
    FROM service_clients WHERE tenant_id = $1 ORDER BY name`;

const REVOKE = `
  UPDATE service_clients SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
  RETURNING name`;

/** The clients of other services, which introspect and revoke tokens with an id and a secret (RFC 7662 and 7009). */
@Injectable()
export class ServiceClientService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly tenant: OperatorsTenantService,
    private readonly events: SecurityEvents,
  ) {}

  /** @returns the client with its secret, which is stored as a hash. @throws ApiError VALIDATION_ERROR if the name is in use. */
  async create(name: string, actor: OperatorActor): Promise<ServiceClient & { secret: string }> {
    const secret = newSecret();
    return this.tenant.firstTransaction(actor, async (transaction, tenantId) => {
      const values = [tenantId, name, hashOfSecret(secret)];
      const [client] = await transaction.query<ServiceClient>(CREATE, values);
      if (client === undefined)
        throw ApiError.validation({ field: 'name', message: 'is already the name of a client' });
      const details = { name, ...actor.details };
      await this.record(transaction, 'client.created', client.id, details);
      return { ...client, secret };
    });
  }

  async list(): Promise<ServiceClient[]> {
    const tenantId = await this.tenant.find();
    return tenantId === null ? [] : this.database.query<ServiceClient>(LIST, [tenantId]);
  }

  /** Revokes a client at once. @throws ApiError NOT_FOUND, also if it was revoked before. */
  async revoke(id: string, actor: OperatorActor): Promise<void> {
    await this.tenant.transaction(actor, async (transaction, tenantId) => {
      const [revoked] = await transaction.query<{ name: string }>(REVOKE, [tenantId, id]);
      if (revoked === undefined) throw new ApiError('NOT_FOUND');
      const details = { name: revoked.name, ...actor.details };
      await this.record(transaction, 'client.revoked', id, details);
    });
  }

  private async record(
    transaction: SqlRunner,
    type: 'client.created' | 'client.revoked',
    id: string,
    details: Record<string, string>,
  ): Promise<void> {
    const target = { type: 'service_client', id };
    await this.events.record({ type, result: 'success', target, details }, transaction);
  }
}
