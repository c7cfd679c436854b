import { Injectable } from '@nestjs/common';
import { ApiError, isUuid } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { matchesSecret } from '../../protection/secret.js';

/** A service that may introspect and revoke tokens. */
export interface ServiceClient {
  id: string;
  name: string;
}

interface ServiceClientRow extends ServiceClient {
  secret_hash: Buffer;
}

/** Verifies the credentials of services. */
@Injectable()
export class ClientVerifier {
  constructor(private readonly database: TenantDatabase) {}

  /** @throws ApiError INVALID_CLIENT, the same for an unknown client, a revoked one and a wrong secret. */
  async verify(id: string, secret: string): Promise<ServiceClient> {
    const [found] = isUuid(id)
      ? await this.database.lookup<ServiceClientRow>('SELECT * FROM find_service_client($1)', [id])
      : [];
    if (found === undefined || !matchesSecret(secret, found.secret_hash))
      throw new ApiError('INVALID_CLIENT');
    return { id: found.id, name: found.name };
  }
}
