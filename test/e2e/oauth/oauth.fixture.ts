import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { ServiceFixture } from '../service.fixture.js';

export interface TestClient {
  id: string;
  secret: string;
}

/** Registers a service client, as `npm run cli -- clients create` does. */
export async function serviceClient(service: ServiceFixture): Promise<TestClient> {
  const client = { id: randomUUID(), secret: randomBytes(32).toString('base64url') };
  await service.sql(
    `INSERT INTO tenants (name, subdomain, is_platform) VALUES ('Platform', 'platform', true)
     ON CONFLICT DO NOTHING`,
  );
  await service.sql(
    `INSERT INTO service_clients (tenant_id, id, name, name_key, secret_hash)
     SELECT id, $1, $2::text, $2::text, $3 FROM tenants WHERE is_platform`,
    [client.id, `client ${client.id}`, createHash('sha256').update(client.secret).digest()],
  );
  return client;
}

/** HTTP Basic credentials of RFC 6749, 2.3.1: both parts are form-encoded. */
export function basic({ id, secret }: TestClient): string {
  const encode = (part: string) => encodeURIComponent(part).replaceAll('%20', '+');
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}
