import type { TestDatabase } from '@poc-tracker/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { type Column, discoverTenantTables, type TenantTable } from './tenant-tables.js';

export type Row = Record<string, unknown>;

export interface Tenant {
  id: string;
  /** The user that the transactions of this tenant run for, as admin: the most that a tenant can hold. */
  userId: string;
  /** One row of every table, by the table's name. Another user of the tenant is in `users`, and owns the other rows. */
  rows: Record<string, Row>;
}

/** What every attack gets: a database with two tenants in it and the logins' URLs. */
export interface World {
  database: TestDatabase;
  /** Whose login attacks the tables, where it is not the service's. */
  login?: string;
  admin: pg.Client;
  tables: TenantTable[];
  /** The tenant whose user attacks. */
  attacker: Tenant;
  victim: Tenant;
}

export async function createWorld(database: World['database']): Promise<World> {
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  const tables = await discoverTenantTables(admin, new URL(database.serviceUrl).username);
  const attacker = await seedTenant(admin, tables);
  const victim = await seedTenant(admin, tables);
  // A file is visible only after its upload is complete.
  await admin.query(
    `UPDATE poc_files SET uploaded_at = now(), content_sha256 = sha256(id::text::bytea)`,
  );
  await admin.query('ANALYZE');
  return { database, admin, tables, attacker, victim };
}

/** The same tenants and rows, attacked through the tracker's login with the rights that it has. */
export async function asTracker(world: World): Promise<World> {
  const { trackerUrl } = world.database;
  // The one group of settings that the tracker reads.
  await world.admin.query(
    `INSERT INTO tenant_settings (tenant_id, setting_key, setting_value) SELECT id, 'features', '{}' FROM tenants
     ON CONFLICT DO NOTHING`,
  );
  // Only its own user completes an upload.
  for (const { id, userId } of [world.attacker, world.victim]) {
    await world.admin.query('UPDATE poc_files SET created_by = $2 WHERE tenant_id = $1', [
      id,
      userId,
    ]);
  }
  return {
    ...world,
    database: { ...world.database, serviceUrl: trackerUrl },
    tables: await discoverTenantTables(world.admin, new URL(trackerUrl).username),
    login: 'tracker',
  };
}

/** Tables whose rows only their user changes: the user of the transactions has rows there as well. */
export const OWN_ONLY: ReadonlySet<string> = new Set([
  'login_challenges',
  'remembered_devices',
  'user_factors',
]);

async function insertRow(admin: pg.Client, { name }: TenantTable, row: Row): Promise<Row> {
  const columns = Object.keys(row);
  const { rows } = await admin.query<Row>(
    `INSERT INTO ${name} (${columns.map(pg.escapeIdentifier).join(', ')})
     VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')}) RETURNING *`,
    Object.values(row),
  );
  return rows[0] ?? {};
}

async function seedTenant(admin: pg.Client, tables: readonly TenantTable[]): Promise<Tenant> {
  const tenant: Tenant = { id: randomUUID(), userId: '', rows: {} };
  for (const table of tables) {
    const row = newRow(table, tenant);
    const columns = Object.keys(row);
    try {
      // A trigger may have inserted the row already, such as the usage of a new tenant.
      await admin.query(
        `INSERT INTO ${table.name} (${columns.map(pg.escapeIdentifier).join(', ')})
         VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')}) ON CONFLICT DO NOTHING`,
        Object.values(row),
      );
    } catch (cause) {
      throw new Error(
        `The test row for ${table.name} was not inserted. Add valid values for its columns to newRow.`,
        { cause },
      );
    }
    const { rows } = await admin.query<Row>(
      `SELECT * FROM ${table.name} WHERE ${table.tenantColumn} = $1`,
      [tenant.id],
    );
    const seeded = rows[0];
    if (seeded === undefined) throw new Error(`The test row for ${table.name} was not found.`);
    tenant.rows[table.name] = seeded;
  }
  // The acceptance of an invitation asks what its inviter may do. No admin, because the last one cannot be deleted.
  await admin.query(`UPDATE users SET role = 'manager' WHERE tenant_id = $1`, [tenant.id]);
  const seeded = { ...tenant, userId: await seedPrincipal(admin, tables, tenant) };
  for (const table of tables.filter(({ name }) => OWN_ONLY.has(name)))
    seeded.rows[table.name] = await insertRow(admin, table, newRow(table, seeded));
  return seeded;
}

/** The user of the transactions, beside the one who owns the rows: what is another user's needs a permission. */
async function seedPrincipal(
  admin: pg.Client,
  tables: readonly TenantTable[],
  tenant: Tenant,
): Promise<string> {
  const users = tables.find(({ name }) => name === 'users');
  if (users === undefined) throw new Error('There is no table users.');
  // The custom role of the rows is another user's: a user sees their own.
  const row = { ...newRow(users, tenant), id: randomUUID(), custom_role_id: null };
  await insertRow(admin, users, row);
  return row.id;
}

/**
 * A row for the tenant that meets the table's constraints. It points at the tenant's own rows of the parent tables, and
 * at the user of the transaction.
 */
export function newRow(table: TenantTable, tenant: Tenant): Row {
  const row: Row = {};
  for (const column of table.columns) {
    if (column.required) row[column.name] = madeUp(column);
  }
  for (const { parent, columns, parentColumns } of table.foreignKeys) {
    if (parent === table.name) continue;
    columns.forEach((column, index) => {
      const key = parentColumns[index] ?? '';
      row[column] =
        parent === 'users' && key === 'id' && tenant.userId !== ''
          ? tenant.userId
          : tenant.rows[parent]?.[key];
    });
  }
  row[table.tenantColumn] = tenant.id;
  // An authenticator app has a secret, and a passkey has none.
  if (table.name === 'user_factors') row['secret'] = randomBytes(64);
  // No job tells of it and no worker sends it while the routes are attacked.
  if (table.name === 'usage_events') row['told_at'] = new Date();
  if (table.name === 'outgoing_mails') Object.assign(row, { kind: 'test_mail', status: 'sent' });
  return row;
}

function madeUp({ name, type, allowed }: Column): unknown {
  if (allowed !== null) return allowed;
  if (name === 'email') return `${randomUUID()}@example.com`;
  if (type.endsWith('[]')) return [];
  if (type === 'uuid') return randomUUID();
  if (type === 'bytea') return randomBytes(32);
  if (type === 'boolean') return true;
  if (/json/.test(type)) return '{}';
  if (/int|numeric|real|double/.test(type)) return 1;
  if (/timestamp|date/.test(type)) return new Date(Date.now() + 86_400_000);
  if (type === 'inet') return '192.0.2.1';
  return randomBytes(8).toString('hex');
}
