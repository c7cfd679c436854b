import { toApiError } from '@poc-tracker/tenancy';
import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { useServiceDatabase } from './service-database.js';

/** The SQLSTATE of a violation, by the type in pg_constraint; 'i' is a unique index without a constraint. */
const STATES: Record<string, string> = {
  c: '23514',
  f: '23503',
  u: '23505',
  i: '23505',
  x: '23P01',
};

/** The constraint names that each function raises, with their SQLSTATE. Some names are built by the function. */
const RAISED: Record<string, Record<string, string>> = {
  add_tenant_usage: {
    tenant_user_limit: '23514',
    tenant_poc_limit: '23514',
    tenant_storage_limit: '23514',
  },
  begin_purge: { tenants_status_move: '23514' },
  keep_domain_proven: { tenants_custom_domain_proven: '23514' },
  keep_last_admin: { users_last_admin_stays: '23514' },
  keep_own_rights: { users_own_role_fixed: '42501' },
  keep_platform_people: { users_platform_people: '42501', users_platform_rights: '42501' },
  keep_tenant_moves: { tenants_status_move: '23514' },
  keep_tenant_row: { tenants_status_move: '23514' },
  keep_to_held_rights: { users_rights_held: '42501', tenant_roles_rights_held: '42501' },
  refuse_audit_change: { audit_log_append_only: '42501' },
};

const RANDOM_HASH = 'the hash of 256 random bits that no client chooses, so two are never equal';

/** Constraints without an error code, because only a bug of the service can violate them. Each with the reason. */
const UNREACHABLE: Record<string, string> = {
  audit_chain_entry_key: 'only the job that extends the hash chain inserts, each entry once',
  invite_link_uses_link_fkey: 'accept_invite_link() inserts for the link that it has just locked',
  invite_link_uses_user_fkey: 'checked at the end of the registration that inserts the user',
  invite_links_token_hash_key: RANDOM_HASH,
  invites_accepted_by_fkey: 'checked at the end of the registration that inserts the user',
  invites_token_hash_key: RANDOM_HASH,
  operator_invitations_secret_hash_key: RANDOM_HASH,
  service_clients_name_key: 'inserted with ON CONFLICT DO NOTHING',
  tenant_domains_domain_key: 'inserted with ON CONFLICT DO NOTHING',
  tenants_platform_key:
    'only the command line inserts, after it has looked for the platform tenant',
  user_sessions_refresh_token_hash_key: RANDOM_HASH,
};

const db = useServiceDatabase();

function codeOf(constraint: string, code: string | undefined): string | undefined {
  const error = Object.assign(new DatabaseError('refused', 0, 'error'), { code, constraint });
  return toApiError(error)?.code;
}

describe('The name of a constraint', () => {
  it('has an error code, or a reason why no client can violate the constraint', async () => {
    // Without primary keys: the service creates their ids, and takes none from a client.
    const { rows } = await db.admin.query<{ name: string; kind: string }>(`
      SELECT conname AS name, contype::text AS kind FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype NOT IN ('p', 'n', 't')
       UNION
      SELECT c.relname, 'i' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
         AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)`);
    const raised = Object.values(RAISED).flatMap((names) => Object.entries(names));
    const named = [...rows.map(({ name, kind }) => [name, STATES[kind]] as const), ...raised];
    const withoutCode = named
      .filter(([name, state]) => codeOf(name, state) === undefined && !(name in UNREACHABLE))
      .map(([name]) => name);
    expect(rows.length).toBeGreaterThan(60);
    expect(withoutCode).toEqual([]);
    const names = new Set(named.map(([name]) => name));
    expect(Object.keys(UNREACHABLE).filter((name) => !names.has(name))).toEqual([]);
  });

  it('is listed here for every function that raises one', async () => {
    const { rows } = await db.admin.query<{ name: string }>(`
      SELECT DISTINCT proname::text AS name FROM pg_proc
       WHERE pronamespace = 'public'::regnamespace AND prosrc ~ 'CONSTRAINT\\s*='
       ORDER BY 1`);
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(RAISED).sort());
  });
});
