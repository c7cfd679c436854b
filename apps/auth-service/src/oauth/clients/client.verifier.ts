import { Injectable } from '@nestjs/common';
import { ApiError, isUuid } from '@poc-tracker/contracts';
import { matchesSecret } from '../../protection/secret.js';
import { ClientRepository } from './client.repository.js';

/** A service that may introspect and revoke tokens. */
export interface ServiceClient {
  id: string;
  name: string;
}

/** Verifies the credentials of services. */
@Injectable()
export class ClientVerifier {
  constructor(private readonly clients: ClientRepository) {}

  /** @throws ApiError INVALID_CLIENT, the same for an unknown client, a revoked one and a wrong secret. */
  async verify(id: string, secret: string): Promise<ServiceClient> {
    const found = isUuid(id) ? await this.clients.find(id) : undefined;
    if (found === undefined || !matchesSecret(secret, found.secret_hash))
      throw new ApiError('INVALID_CLIENT');
    return { id: found.id, name: found.name };
  }
}
