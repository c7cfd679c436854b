import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { hash } from 'argon2';
import { Client } from 'pg';

export const TENANTS = 100;
export const USERS_PER_TENANT = 100;

/** All users share a password, because ten thousand hashes would take longer than the benchmark. */
export const PASSWORD = `${randomUUID()} bench`;

export interface SeededUser {
  tenantId: string;
  email: string;
}

/** Milliseconds for the service to append the audit entries of the seeding to their chains. */
const SETTLING_MS = 60_000;

/** Fills an empty, migrated database and returns its users. The hash has the default parameters of the service. */
export async function seed(
  adminUrl: string,
): Promise<{ users: SeededUser[]; passwordHash: string }> {
  const passwordHash = await hash(PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  const client = new Client(adminUrl);
  await client.connect();
  await client.query(
    `INSERT INTO tenants (id, name, subdomain, max_users)
     SELECT uuid_v7(), 'Tenant ' || n, 'tenant-' || n, $2 FROM generate_series(1, $1) AS n`,
    [TENANTS, USERS_PER_TENANT],
  );
  await client.query(
    `INSERT INTO users (tenant_id, id, email, password_hash, first_name, last_name)
     SELECT tenants.id, uuid_v7(), 'user-' || n || '@' || tenants.subdomain || '.example', $2, 'User', n::text
       FROM tenants, generate_series(1, $1) AS n`,
    [USERS_PER_TENANT, passwordHash],
  );
  await client.query('ANALYZE');
  const { rows } = await client.query<SeededUser>(
    'SELECT tenant_id AS "tenantId", email FROM users ORDER BY email',
  );
  await client.end();
  return { users: rows, passwordHash };
}

/** Waits until the audit entries of the seeding are in their chains: that work must not run while measuring. */
export async function settled(adminUrl: string): Promise<void> {
  const client = new Client(adminUrl);
  await client.connect();
  try {
    const deadline = Date.now() + SETTLING_MS;
    while (Date.now() < deadline) {
      const { rowCount } = await client.query('SELECT FROM audit_pending LIMIT 1');
      if (rowCount === 0) return;
      await delay(100);
    }
    throw new Error('The audit entries of the seeding were not appended in time.');
  } finally {
    await client.end();
  }
}
