import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { hashOfSecret, newSecret } from '../../protection/secret.js';
import type { OperatorActor } from '../operators/operator-actor.js';
import { findPlatformTenant, inPlatformTenant } from '../operators/platform-tenant.js';

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

/** The services that ask about tokens with an id and a secret of their own, without being a person. */
@Injectable()
export class ServiceClientService {
  constructor(
    private readonly database: PlatformDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /** @returns the client, and its secret, which is told here once. @throws ApiError VALIDATION_ERROR for a taken name. */
  async create(name: string, actor: OperatorActor): Promise<ServiceClient & { secret: string }> {
    const secret = newSecret();
    return inPlatformTenant(this.database, actor, async (transaction, tenantId) => {
      const values = [tenantId, name, hashOfSecret(secret)];
      const [client] = await transaction.query<ServiceClient>(CREATE, values);
      if (client === undefined)
        throw ApiError.validation({ field: 'name', message: 'is the name of another client' });
      await this.record(transaction, tenantId, 'client.created', client.id, {
        name,
        ...actor.details,
      });
      return { ...client, secret };
    });
  }

  async list(): Promise<ServiceClient[]> {
    return this.database.transaction({ tenantId: null, operatorId: null }, async (transaction) => {
      const tenantId = await findPlatformTenant(transaction);
      return tenantId === null ? [] : transaction.query<ServiceClient>(LIST, [tenantId]);
    });
  }

  /** From now on the client is unknown. @throws ApiError NOT_FOUND, also for one that is revoked already. */
  async revoke(id: string, actor: OperatorActor): Promise<void> {
    await inPlatformTenant(this.database, actor, async (transaction, tenantId) => {
      const [revoked] = await transaction.query<{ name: string }>(REVOKE, [tenantId, id]);
      if (revoked === undefined) throw new ApiError('NOT_FOUND');
      const details = { name: revoked.name, ...actor.details };
      await this.record(transaction, tenantId, 'client.revoked', id, details);
    });
  }

  private async record(
    transaction: SqlRunner,
    tenantId: string,
    type: 'client.created' | 'client.revoked',
    id: string,
    details: Record<string, string>,
  ): Promise<void> {
    const target = { type: 'service_client', id };
    await this.events.recordAsOperator(transaction, tenantId, {
      type,
      result: 'success',
      target,
      details,
    });
  }
}
