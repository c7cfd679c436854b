import { Injectable } from '@nestjs/common';
import { PlatformDatabase, type SqlRunner } from '@poc-tracker/tenancy';
import { nameKey } from '@poc-tracker/text';

export interface ServiceClient {
  id: string;
  name: string;
  createdAt: Date;
  revokedAt: Date | null;
}

const INSERT = `
  INSERT INTO service_clients (tenant_id, name, name_key, secret_hash) VALUES ($1, $2, $3, $4)
  ON CONFLICT ON CONSTRAINT service_clients_name_key DO NOTHING
  RETURNING id, name, created_at AS "createdAt", revoked_at AS "revokedAt"`;

const LIST = `
  SELECT id, name, created_at AS "createdAt", revoked_at AS "revokedAt"
    FROM service_clients WHERE tenant_id = $1 ORDER BY name`;

const REVOKE = `
  UPDATE service_clients SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
  RETURNING name`;

/** The clients of other services, in the operators' tenant. */
@Injectable()
export class ServiceClientRepository {
  constructor(private readonly database: PlatformDatabase) {}

  /** @returns the client, or null if the name, or one that looks like it, is in use. */
  async insert(
    transaction: SqlRunner,
    tenantId: string,
    name: string,
    secretHash: Buffer,
  ): Promise<ServiceClient | null> {
    const values = [tenantId, name, nameKey(name), secretHash];
    const [client] = await transaction.query<ServiceClient>(INSERT, values);
    return client ?? null;
  }

  async list(tenantId: string): Promise<ServiceClient[]> {
    return this.database.query<ServiceClient>(LIST, [tenantId]);
  }

  /** @returns the name of the client, or null if there is none with this id that is not revoked. */
  async revoke(transaction: SqlRunner, tenantId: string, id: string): Promise<string | null> {
    const [revoked] = await transaction.query<{ name: string }>(REVOKE, [tenantId, id]);
    return revoked?.name ?? null;
  }
}
