import { type ConstraintCodes, createErrorTranslator } from '@poc-tracker/tenancy';
import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { CONSTRAINT_CODES as AUTH_SERVICE_CODES } from '../../apps/auth-service/src/constraint-codes.js';
import { CONSTRAINT_CODES as POC_TRACKER_CODES } from '../../apps/poc-tracker/src/constraint-codes.js';
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
  announce_audit_pruning: { retention_minimum: '42501' },
  begin_purge: { tenants_status_transition: '23514' },
  check_tenant_transition: { tenants_status_transition: '23514' },
  keep_factor_used: { user_factors_stay_used: '23514' },
  keep_last_admin: { users_last_admin_stays: '23514' },
  keep_platform_tenant: { users_platform_reserved: '42501', platform_tenant_reserved: '42501' },
  keep_poc_publisher: { pocs_publisher: '42501' },
  keep_session_revoked: { user_sessions_stay_revoked: '23514' },
  keep_tenant_row: { tenants_status_transition: '23514' },
  limit_user_factors: { user_factors_limit: '23514' },
  prune_audit_log: { retention_minimum: '42501' },
  prune_mails: { retention_minimum: '42501' },
  prune_sessions: { retention_minimum: '42501' },
  prune_usage_events: { retention_minimum: '42501' },
  refuse_audit_change: { audit_log_append_only: '42501' },
  refuse_own_rights_change: { users_own_role_fixed: '42501' },
  refuse_password_change_by_others: { users_own_password: '42501' },
  refuse_rights_not_held: {
    users_suspended_by_higher_role: '42501',
    users_rights_held: '42501',
    tenant_roles_rights_held: '42501',
    tenant_roles_holders: '42501',
  },
  refuse_unverified_domain: { tenants_custom_domain_verified: '23514' },
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
  one_time_tokens_hash_key: RANDOM_HASH,
  one_time_tokens_purpose_key: 'inserted with ON CONFLICT DO UPDATE',
  one_time_tokens_user_fkey: 'create_one_time_token() inserts for the user whom it has just read',
  operator_invitations_secret_hash_key: RANDOM_HASH,
  password_history_user_fkey:
    'the trigger keeps the password of the user whose row was just updated',
  recovery_codes_code_key: 'ten codes of 100 random bits each are never equal',
  pending_registrations_hash_key: RANDOM_HASH,
  service_clients_name_key: 'inserted with ON CONFLICT DO NOTHING',
  suppressed_addresses_email_key: 'inserted with ON CONFLICT DO NOTHING',
  spent_challenges_tenant_fkey: 'the tenant of the transaction exists while its requests run',
  tenant_domains_domain_key: 'inserted with ON CONFLICT DO NOTHING',
  tenants_platform_key:
    'only the command line inserts, after it has looked for the platform tenant',
  user_factors_stay_used: 'the service only stores later steps and higher counters',
  user_sessions_refresh_token_hash_key: RANDOM_HASH,
  user_sessions_stay_revoked: 'the service never activates a session again',
};

const db = useServiceDatabase();

interface Application {
  name: string;
  codes: ConstraintCodes;
  /** Names that functions raise for statements of this application. */
  raised: Record<string, string>;
  owns: (table: string) => boolean;
}

const raisedNames = Object.assign({}, ...Object.values(RAISED)) as Record<string, string>;
const isTrackerName = (name: string): boolean =>
  /^(tenant_(poc|storage)_limit|pocs_publisher)$/.test(name);
const isTrackerTable = (table: string): boolean => /^pocs?(_|$)/.test(table);
const raisedFor = (belongs: (name: string) => boolean): Record<string, string> =>
  Object.fromEntries(Object.entries(raisedNames).filter(([name]) => belongs(name)));

const APPLICATIONS: Application[] = [
  {
    name: 'auth-service',
    codes: AUTH_SERVICE_CODES,
    raised: raisedFor((name) => !isTrackerName(name)),
    owns: (table) => !isTrackerTable(table),
  },
  {
    name: 'poc-tracker',
    codes: POC_TRACKER_CODES,
    raised: raisedFor((name) => isTrackerName(name) || name === 'platform_tenant_reserved'),
    owns: isTrackerTable,
  },
];

/** Names and SQLSTATEs of the constraints that statements of an application can violate. */
async function constraintsOf({ raised, owns }: Application): Promise<[string, string][]> {
  // Without primary keys: the service generates their ids and never takes them from a client.
  const { rows } = await db.admin.query<{ name: string; kind: string; table: string }>(`
    SELECT conname AS name, contype::text AS kind, conrelid::regclass::text AS table FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype NOT IN ('p', 'n', 't')
     UNION
    SELECT c.relname, 'i', i.indrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)`);
  const declared = rows
    .filter(({ table }) => owns(table))
    .map(({ name, kind }): [string, string] => [name, STATES[kind] ?? '']);
  return [...declared, ...Object.entries(raised)];
}

describe.each(APPLICATIONS)('Each constraint name of $name', (application) => {
  it('has an error code, or a reason why no client can violate the constraint', async () => {
    const toApiError = createErrorTranslator(application.codes);
    const constraints = await constraintsOf(application);
    const unmapped = constraints
      .filter(([constraint, code]) => {
        const error = Object.assign(new DatabaseError('refused', 0, 'error'), { code, constraint });
        return toApiError(error) === undefined && !(constraint in UNREACHABLE);
      })
      .map(([name]) => name);
    expect(constraints.length).toBeGreaterThan(10);
    expect(unmapped).toEqual([]);
  });

  it('that has an error code exists in the schema', async () => {
    const names = new Set((await constraintsOf(application)).map(([name]) => name));
    expect(Object.keys(application.codes).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('The list of constraints that no client can violate', () => {
  it('names only constraints that exist', async () => {
    const all = await Promise.all(APPLICATIONS.map(constraintsOf));
    const names = new Set(all.flat().map(([name]) => name));
    expect(Object.keys(UNREACHABLE).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('The list of constraint names that functions raise', () => {
  it('names every function that raises one', async () => {
    const { rows } = await db.admin.query<{ name: string }>(`
      SELECT DISTINCT proname::text AS name FROM pg_proc
       WHERE pronamespace = 'public'::regnamespace AND prosrc ~ 'CONSTRAINT\\s*='
       ORDER BY 1`);
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(RAISED).sort());
  });
});
