import type pg from 'pg';
import type { Requirement } from './requirement.js';
import { type Answer, ask, connected, describe, rolledBack } from '../sessions.js';
import type { Row, World } from '../world.js';

type Statement = [sql: string, ...params: unknown[]];

const ENTER = `SELECT set_user_context($1, $2, 'admin')`;

const NEW_ID = '00000000-0000-7000-8000-0000000000aa';

/** What the victim has, by the name of the table. */
type Victim = (table: string) => Row;

/** A token of the victim's user, and then the attacker's tenant with the id of that user. */
const usableToken = (user: Row, { attacker, victim }: World): Statement[] => [
  [ENTER, victim.id, user['id']],
  [
    `SELECT create_one_time_token($1, 'undo_email', sha256('undo'), 'eve@example.com', '1 hour')`,
    user['id'],
  ],
  [ENTER, attacker.id, user['id']],
];

/**
 * How each definer function that a service's login may call is turned on another tenant. Of the statements, run as the
 * attacker's admin, the last one must find nothing: no row, or a row of nulls and falses.
 */
const ATTACKS: Record<string, (victim: Victim, world: World) => Statement[]> = {
  find_credentials: (victim) => [['SELECT * FROM find_credentials($1)', victim('users')['email']]],
  accept_invite: (victim, { attacker }) => [
    [
      'SELECT * FROM accept_invite($1, $2, $3)',
      victim('invites')['token_hash'],
      victim('invites')['email'],
      attacker.userId,
    ],
  ],
  accept_invite_link: (victim, { attacker }) => [
    [
      'SELECT * FROM accept_invite_link($1, $2, $3)',
      victim('invite_links')['token_hash'],
      'eve@example.com',
      attacker.userId,
    ],
  ],
  inspect_invitation: (victim) => [
    [
      'SELECT * FROM inspect_invitation($1) UNION ALL SELECT * FROM inspect_invitation($2)',
      victim('invites')['token_hash'],
      victim('invite_links')['token_hash'],
    ],
  ],
  invited_role: (row, { attacker, victim }) => [
    [ENTER, victim.id, NEW_ID],
    [
      'SELECT * FROM accept_invite($1, $2, $3)',
      row('invites')['token_hash'],
      row('invites')['email'],
      NEW_ID,
    ],
    [ENTER, attacker.id, NEW_ID],
    ['SELECT invited_role()'],
  ],
  is_new_tenant: (_row, { attacker }) => [
    [ENTER, NEW_ID, NEW_ID],
    [`INSERT INTO tenants (id, name, subdomain) VALUES ($1, 'New', 'new-tenant')`, NEW_ID],
    [ENTER, attacker.id, attacker.userId],
    ['SELECT is_new_tenant()'],
  ],
  role_holders: (row, { attacker, victim }) => [
    [ENTER, victim.id, victim.userId],
    [
      'UPDATE users SET custom_role_id = $1 WHERE id = $2',
      row('tenant_roles')['id'],
      row('users')['id'],
    ],
    [`SELECT set_user_context($1, $2, 'viewer')`, attacker.id, row('users')['id']],
    ['SELECT * FROM role_holders($1)', row('tenant_roles')['id']],
  ],
  list_colleagues: (victim) => [
    [
      `SELECT * FROM list_colleagues(0, '', '', '00000000-0000-0000-0000-000000000000', 100) WHERE id = $1`,
      victim('users')['id'],
    ],
  ],
  former_passwords: (row, { attacker }) => [
    [ENTER, attacker.id, row('password_history')['user_id']],
    ['SELECT * FROM former_passwords(24)'],
  ],
  own_factor_secrets: (row, { attacker }) => [
    [ENTER, attacker.id, row('user_factors')['user_id']],
    ['SELECT * FROM own_factor_secrets()'],
  ],
  find_passkey_user: (row, { attacker, victim }) => [
    [ENTER, victim.id, row('users')['id']],
    [
      `INSERT INTO user_factors (tenant_id, user_id, kind, name, credential_id, public_key, counter, rp_id, confirmed_at)
       VALUES ($1, $2, 'passkey', 'Phone', '\\x01', '\\x01', 0, 'localhost', now())`,
      victim.id,
      row('users')['id'],
    ],
    [ENTER, attacker.id, attacker.userId],
    [`SELECT * FROM find_passkey_user('\\x01')`],
  ],
  use_recovery_code: (row, { attacker }) => [
    [ENTER, attacker.id, row('recovery_codes')['user_id']],
    ['SELECT use_recovery_code($1)', row('recovery_codes')['code_hash']],
  ],
  // Spending a challenge of the other tenant here must not spend it there.
  spend_challenge: (_row, { attacker, victim }) => [
    [ENTER, attacker.id, attacker.userId],
    [`SELECT spend_challenge(sha256('other'), now())`],
    [ENTER, victim.id, victim.userId],
    [`SELECT NOT spend_challenge(sha256('other'), now()) AS spent`],
  ],
  create_one_time_token: (row) => [
    [
      `SELECT create_one_time_token($1, 'reset_password', sha256('x'), 'eve@example.com', '1 hour')`,
      row('users')['id'],
    ],
  ],
  find_one_time_token: (row, world) => [
    ...usableToken(row('users'), world),
    [`SELECT * FROM find_one_time_token('undo_email', sha256('undo'))`],
  ],
  consume_one_time_token: (row, world) => [
    ...usableToken(row('users'), world),
    [`SELECT * FROM consume_one_time_token('undo_email', sha256('undo'))`],
  ],
  try_one_time_code: (row, world) => [
    ...usableToken(row('users'), world),
    [`SELECT try_one_time_code('undo_email', sha256('undo'))`],
  ],
  discard_one_time_tokens: (row, world) => [
    ...usableToken(row('users'), world),
    [`SELECT discard_one_time_tokens('00000000-0000-0000-0000-000000000000')`],
    [ENTER, world.victim.id, row('users')['id']],
    [
      `SELECT true WHERE NOT EXISTS (SELECT FROM find_one_time_token('undo_email', sha256('undo')))`,
    ],
  ],
  find_pending_registration: (row) => [
    ['SELECT * FROM find_pending_registration($1)', row('pending_registrations')['token_hash']],
  ],
  consume_pending_registration: (row) => [
    ['SELECT consume_pending_registration($1)', row('pending_registrations')['token_hash']],
  ],
  // The request is in the tenant of the transaction, whatever id it has.
  add_mail_request: (_row, { victim }) => [
    [`SELECT add_mail_request($1, 'login_code', 'x', '1 hour')`, NEW_ID],
    [ENTER, victim.id, victim.userId],
    ['SELECT take_mail_request($1) AS taken', NEW_ID],
  ],
  take_mail_request: (row) => [
    ['SELECT take_mail_request($1) AS taken', row('mail_requests')['id']],
  ],
  add_pending_registration: (_row, { attacker, victim }) => [
    [
      `SELECT add_pending_registration(sha256('x'), 'eve@example.com', '$argon2id$', NULL, NULL, NULL, NULL)`,
    ],
    [ENTER, victim.id, attacker.userId],
    [`SELECT * FROM find_pending_registration(sha256('x'))`],
  ],
  failed_login_addresses: (row, { attacker, victim }) => [
    [ENTER, victim.id, victim.userId],
    [
      `INSERT INTO security_events (tenant_id, type, result, actor_kind, target_type, target_id, ip_address)
       VALUES ($1, 'login.failed', 'failure', 'anonymous', 'user', $2, '192.0.2.1')`,
      victim.id,
      row('users')['id'],
    ],
    [ENTER, attacker.id, row('users')['id']],
    [`SELECT * FROM failed_login_addresses(now() - interval '1 hour')`],
  ],
  validate_tenant_access: (victim, { attacker }) => [
    [
      `SELECT validate_tenant_access($1, $2), validate_tenant_access($3, $4), validate_tenant_access($3, $2)`,
      attacker.userId,
      victim('tenants')['id'],
      victim('users')['id'],
      attacker.id,
    ],
  ],
  find_service_client: (victim) => [
    ['SELECT * FROM find_service_client($1)', victim('service_clients')['id']],
  ],
  operator_invitation_is_open: (victim) => [
    [
      'SELECT operator_invitation_is_open($1, $2)',
      victim('operator_invitations')['email'],
      victim('operator_invitations')['secret_hash'],
    ],
  ],
  session_status: (victim, { attacker }) => [
    [
      'SELECT * FROM session_status($1, $2, $3)',
      attacker.id,
      victim('users')['id'],
      victim('user_sessions')['id'],
    ],
  ],
  count_active_sessions: () => [
    ['UPDATE user_sessions SET is_active = false'],
    ['SELECT nullif(count_active_sessions(), 0)'],
  ],
  cancel_current_tenant: (victim) => [
    [`SELECT cancel_current_tenant('an attack')`],
    [
      `SELECT 1 WHERE NOT EXISTS (
         SELECT FROM resolve_tenant($1, NULL, NULL) WHERE status = 'active')`,
      victim('tenants')['id'],
    ],
  ],
  supersede_expired_invites: (row, { attacker, victim }) => [
    [ENTER, victim.id, victim.userId],
    ['UPDATE invites SET expires_at = now()'],
    [ENTER, attacker.id, attacker.userId],
    ['SELECT supersede_expired_invites(ARRAY[$1::text])', row('invites')['email']],
    [ENTER, victim.id, victim.userId],
    ['SELECT id FROM invites WHERE superseded_at IS NOT NULL'],
  ],
  test_mail: (victim) => [['SELECT * FROM test_mail($1)', victim('outgoing_mails')['id']]],
  // It would say that the address is suppressed.
  add_mail: (victim) => [
    [
      `SELECT nullif(add_mail($1, NULL, 'test_mail', 'security', $2, '\\x00', NULL), 'queued')`,
      NEW_ID,
      victim('suppressed_addresses')['email'],
    ],
  ],
  settle_uploads: (victim) => [
    [
      'SELECT nullif(complete, false) FROM settle_uploads(ARRAY[$1::uuid], true)',
      victim('poc_files')['id'],
    ],
  ],
  release_abandoned_uploads: () => [['SELECT nullif(release_abandoned_uploads(), 0)']],
  purged_tenants_with_files: () => [['SELECT * FROM purged_tenants_with_files()']],
  confirm_files_deleted: (victim) => [
    ['SELECT confirm_files_deleted($1)', victim('tenants')['id']],
    ['SELECT * FROM purged_tenants_with_files()'],
  ],
};

/**
 * Functions that answer about every tenant by design: one finds the tenant of a request by its public address, before the
 * transaction has a tenant; the other returns the ids of revoked sessions to every process.
 */
const FOR_ALL_TENANTS = ['resolve_tenant', 'revocations_since'];

/** Attacks through functions that run with the rights of tenant_gatekeeper, to which no tenant policy applies. */
export const definerRequirements: Requirement[] = [
  {
    id: 'R11',
    attempt: 'definer functions that a login of a service may call and that nothing here attacks',
    run: async ({ admin, database }) => {
      const { rows } = await admin.query<{ name: string }>(
        `SELECT DISTINCT p.proname::text AS name FROM pg_proc p, unnest($1::text[]) login
          WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
            AND has_function_privilege(login, p.oid, 'EXECUTE')`,
        [[database.serviceUrl, database.trackerUrl].map((url) => new URL(url).username)],
      );
      const known = [...Object.keys(ATTACKS), ...FOR_ALL_TENANTS];
      const unlisted = rows.map(({ name }) => name).filter((name) => !known.includes(name));
      const gone = known.filter((name) => !rows.some((row) => row.name === name));
      return {
        passed: unlisted.length + gone.length === 0,
        result:
          [...unlisted, ...gone.map((name) => `${name}, which does not exist`)].join(', ') ||
          `none of ${rows.length}`,
      };
    },
  },
  ...Object.entries(ATTACKS).map(([name, statements]): Requirement => ({
    id: 'R11',
    attempt: `${name}() is asked about another tenant`,
    run: async (world) => {
      const { serviceUrl, trackerUrl } = world.database;
      const answers: Answer[] = [];
      for (const url of [serviceUrl, trackerUrl]) {
        if (!(await mayCall(world.admin, url, name))) continue;
        answers.push(
          await connected(url, (client) =>
            rolledBack(client, world.attacker, () => lastAnswer(client, statements, world)),
          ),
        );
      }
      return {
        passed: answers.length > 0 && answers.every(tellsNothing),
        result: answers.map(describe).join(', ') || 'no login may call it',
      };
    },
  })),
];

async function mayCall(admin: pg.Client, url: string, name: string): Promise<boolean> {
  const { rowCount } = await admin.query(
    `SELECT FROM pg_proc p WHERE p.proname = $1 AND p.pronamespace = 'public'::regnamespace
        AND has_function_privilege($2, p.oid, 'EXECUTE')`,
    [name, new URL(url).username],
  );
  return rowCount !== 0;
}

async function lastAnswer(
  client: pg.Client,
  statements: (victim: Victim, world: World) => Statement[],
  world: World,
): Promise<Answer> {
  let answer: Answer = { rows: 0, values: [] };
  for (const [sql, ...params] of statements((table) => rowOf(world, table), world)) {
    answer = await ask(client, sql, params);
    if ('sqlState' in answer) return answer;
  }
  return answer;
}

function rowOf({ victim }: World, table: string): Row {
  const row = victim.rows[table];
  if (row === undefined) throw new Error(`The other tenant has no row of ${table}.`);
  return row;
}

function tellsNothing(answer: Answer): boolean {
  return (
    'rows' in answer &&
    answer.values.length === answer.rows &&
    answer.values.every((row) =>
      Object.values(row).every((value) => value === null || value === false),
    ) &&
    // A row without columns tells by being there.
    answer.values.every((row) => Object.keys(row).length > 0)
  );
}
