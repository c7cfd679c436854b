import { Injectable } from '@nestjs/common';
import { ApiError } from '@poc-tracker/contracts';
import type { SqlRunner } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { hashOfSecret, newSecret } from '../../protection/secret.js';
import type { OperatorActor } from '../operator-actor.js';
import { OperatorsTenantService } from '../operators/operators-tenant.service.js';
import { type ServiceClient, ServiceClientRepository } from './service-client.repository.js';

export type { ServiceClient } from './service-client.repository.js';

/** The clients of other services, which introspect and revoke tokens with an id and a secret (RFC 7662 and 7009). */
@Injectable()
export class ServiceClientService {
  constructor(
    private readonly clients: ServiceClientRepository,
    private readonly tenant: OperatorsTenantService,
    private readonly events: SecurityEvents,
  ) {}

  /** @returns the client with its secret, which is stored as a hash. @throws ApiError VALIDATION_ERROR if the name is in use. */
  async create(name: string, actor: OperatorActor): Promise<ServiceClient & { secret: string }> {
    const secret = newSecret();
    await this.tenant.ensure(actor);
    return this.tenant.transaction(actor, async (transaction, tenantId) => {
      const secretHash = hashOfSecret(secret);
      const client = await this.clients.insert(transaction, tenantId, name, secretHash);
      if (client === null)
        throw ApiError.validation({ field: 'name', message: 'is already the name of a client' });
      const details = { name, ...actor.details };
      await this.record(transaction, 'client.created', client.id, details);
      return { ...client, secret };
    });
  }

  async list(): Promise<ServiceClient[]> {
    const tenantId = await this.tenant.find();
    return tenantId === null ? [] : this.clients.list(tenantId);
  }

  /** Revokes a client at once. @throws ApiError NOT_FOUND, also if it was revoked before. */
  async revoke(id: string, actor: OperatorActor): Promise<void> {
    await this.tenant.transaction(actor, async (transaction, tenantId) => {
      const name = await this.clients.revoke(transaction, tenantId, id);
      if (name === null) throw new ApiError('NOT_FOUND');
      const details = { name, ...actor.details };
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
    await this.events.recordIn(transaction, { type, result: 'success', target, details });
  }
}
