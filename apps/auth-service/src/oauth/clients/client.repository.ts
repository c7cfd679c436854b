import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@poc-tracker/tenancy';

/** A service client as it is stored. */
export interface ServiceClientRow {
  id: string;
  name: string;
  secret_hash: Buffer;
}

/** Finds service clients, which belong to no tenant. */
@Injectable()
export class ClientRepository {
  constructor(private readonly database: TenantDatabase) {}

  /** Undefined for an unknown client and a revoked one. @param id a UUID */
  async find(id: string): Promise<ServiceClientRow | undefined> {
    const [found] = await this.database.lookup<ServiceClientRow>(
      'SELECT * FROM find_service_client($1)',
      [id],
    );
    return found;
  }
}
