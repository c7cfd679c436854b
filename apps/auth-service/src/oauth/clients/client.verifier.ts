import { Injectable } from '@nestjs/common';
import { ApiError, isUuid } from '@poc-tracker/contracts';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { matchesSecret } from '../../protection/secret.js';

/** A service that may ask about tokens. */
export interface ServiceClient {
  id: string;
  name: string;
}

interface ServiceClientRow extends ServiceClient {
  secret_hash: Buffer;
}

/** Finds out which service asks. */
@Injectable()
export class ClientVerifier {
  constructor(private readonly database: TenantDatabase) {}

  /** @throws ApiError INVALID_CLIENT, for an unknown, a revoked and a wrongly identified client alike. */
  async verify(id: string, secret: string): Promise<ServiceClient> {
    const [found] = isUuid(id)
      ? await this.database.lookup<ServiceClientRow>('SELECT * FROM find_service_client($1)', [id])
      : [];
    if (found === undefined || !matchesSecret(secret, found.secret_hash))
      throw new ApiError('INVALID_CLIENT');
    return { id: found.id, name: found.name };
  }
}
