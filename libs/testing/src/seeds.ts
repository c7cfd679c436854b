import { type Permission, type Role } from '@poc-tracker/contracts';
import { hash } from 'argon2';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import type { TestDatabase } from './test-database.js';

/** The default password of seeded users. */
const SEED_PASSWORD = 'seeded-Capybara-19-lagoon';

/** The parameters of the service under test, which would replace a cheaper hash at the first log-in. */
const HASH = { memoryCost: 7_168, timeCost: 1, parallelism: 1 };

/** Hashes by password, shared between users to save time. */
const hashes = new Map<string, Promise<string>>();

function hashOf(password: string): Promise<string> {
  const known = hashes.get(password) ?? hash(password, HASH);
  hashes.set(password, known);
  return known;
}

type Seeded = Pick<TestDatabase, 'sql'>;

export interface SeededTenant {
  tenantId: string;
  name: string;
  subdomain: string;
}

export interface SeededUser {
  userId: string;
  tenantId: string;
  email: string;
  password: string;
  role: Role;
}

/** Inserts a tenant past every policy. Columns without a value take the defaults of the schema. */
export async function seedTenant(
  db: Seeded,
  overrides: {
    tenantId?: string;
    name?: string;
    subdomain?: string;
    planType?: string;
    status?: string;
    maxUsers?: number;
    maxPocs?: number;
    maxStorageGb?: number;
    features?: Record<string, boolean>;
    branding?: Record<string, unknown>;
  } = {},
): Promise<SeededTenant> {
  const suffix = randomBytes(5).toString('hex');
  const {
    tenantId = randomUUID(),
    name = `Tenant ${suffix}`,
    subdomain = `tenant-${suffix}`,
  } = overrides;
  await insert(db, 'tenants', {
    id: tenantId,
    name,
    subdomain,
    plan_type: overrides.planType,
    status: overrides.status,
    max_users: overrides.maxUsers,
    max_pocs: overrides.maxPocs,
    max_storage_gb: overrides.maxStorageGb,
    features: json(overrides.features),
    branding: json(overrides.branding),
  });
  return { tenantId, name, subdomain };
}

/** Inserts a user past every policy, who can log in with the returned password. */
export async function seedUser(
  db: Seeded,
  tenantId: string,
  overrides: {
    userId?: string;
    email?: string;
    password?: string;
    role?: Role;
    status?: string;
    mustChangePassword?: boolean;
    permissions?: readonly Permission[];
    firstName?: string;
    lastName?: string;
  } = {},
): Promise<SeededUser> {
  const { userId = randomUUID(), password = SEED_PASSWORD, role = 'user' } = overrides;
  const email = overrides.email ?? `${randomBytes(5).toString('hex')}@example.com`;
  await insert(db, 'users', {
    id: userId,
    tenant_id: tenantId,
    email,
    password_hash: await hashOf(password),
    first_name: overrides.firstName ?? 'Ada',
    last_name: overrides.lastName ?? 'Silva',
    role,
    status: overrides.status,
    must_change_password: overrides.mustChangePassword,
    permissions: json(overrides.permissions),
  });
  return { userId, tenantId, email, password, role };
}

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

async function insert(db: Seeded, table: string, row: Record<string, unknown>): Promise<void> {
  const given = Object.entries(row).filter(([, value]) => value !== undefined);
  const columns = given.map(([column]) => pg.escapeIdentifier(column)).join(', ');
  const placeholders = given.map((_, index) => `$${index + 1}`).join(', ');
  await db.sql(
    `INSERT INTO ${pg.escapeIdentifier(table)} (${columns}) VALUES (${placeholders})`,
    given.map(([, value]) => value),
  );
}
