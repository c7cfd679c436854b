import { ApiError, PLATFORM_SUBDOMAIN } from '@poc-tracker/contracts';
import type { PlatformDatabase, SqlRunner } from '@poc-tracker/tenancy';
import type { OperatorActor } from './operator-actor.js';

const FIND = 'SELECT id FROM tenants WHERE is_platform';

const CREATE = `
  INSERT INTO tenants (name, subdomain, plan_type, is_platform, max_users)
  VALUES ('Platform', $1, 'enterprise', true, 1000)
  ON CONFLICT DO NOTHING`;

/** The id of the operators' own tenant; null before the first operator is made. */
export async function findPlatformTenant(transaction: SqlRunner): Promise<string | null> {
  const [found] = await transaction.query<{ id: string }>(FIND);
  return found?.id ?? null;
}

/**
 * Works in a transaction of the operators' own tenant, which is made when it is missing.
 * @throws ApiError TENANT_EXISTS when a tenant of old has taken its subdomain.
 */
export async function inPlatformTenant<T>(
  database: PlatformDatabase,
  { operatorId }: OperatorActor,
  work: (transaction: SqlRunner, tenantId: string) => Promise<T>,
): Promise<T> {
  const tenantId = await database.transaction({ tenantId: null, operatorId }, ensurePlatformTenant);
  return database.transaction({ tenantId, operatorId }, (transaction) =>
    work(transaction, tenantId),
  );
}

/**
 * The id of the operators' own tenant, which is made when it is missing.
 * @throws ApiError TENANT_EXISTS when a tenant of old has taken its subdomain.
 */
export async function ensurePlatformTenant(transaction: SqlRunner): Promise<string> {
  const existing = await findPlatformTenant(transaction);
  if (existing !== null) return existing;
  await transaction.query(CREATE, [PLATFORM_SUBDOMAIN]);
  const made = await findPlatformTenant(transaction);
  if (made === null) throw new ApiError('TENANT_EXISTS');
  return made;
}
