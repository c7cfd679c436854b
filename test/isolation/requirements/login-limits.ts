import type { TestDatabase } from '@poc-tracker/testing';
import type { Requirement } from './requirement.js';
import { ask, connected, describe, enter, isRefused, rolledBack } from '../sessions.js';

/** What an attacker gains nothing from, who has taken over one login and can run SQL of their choice with it. */
interface Limits {
  who: string;
  urlOf(database: TestDatabase): string;
  /** Each must be refused in the tenant's own transaction with every permission, not only find no row. */
  refused: readonly string[];
}

const OTHER_ROLES = ['super_admin', 'tenant_gatekeeper', 'tracker_user', 'authenticated_user'];

const become = (...own: string[]): string[] =>
  OTHER_ROLES.filter((role) => !own.includes(role)).map((role) => `SET ROLE ${role}`);

const AUDIT = ['audit_log', 'security_events', 'audit_chain', 'audit_anchors'];

const CHANGE_AUDIT = AUDIT.flatMap((table) => [
  `UPDATE ${table} SET tenant_id = tenant_id`,
  `DELETE FROM ${table}`,
  `TRUNCATE ${table}`,
  `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
]);

/** They are stored outside of all tables, so no policy applies to them. */
const LARGE_OBJECTS = [
  'SELECT lo_create(0)',
  'SELECT lo_creat(-1)',
  `SELECT lo_from_bytea(0, 'stored')`,
  `SELECT lo_import('/etc/hostname')`,
  `SELECT lo_put(1, 0, 'changed')`,
  'SELECT lo_get(1)',
  'SELECT lo_open(1, 393216)',
  'SELECT loread(0, 1)',
  `SELECT lowrite(0, 'changed')`,
  'SELECT lo_truncate(0, 1000000)',
  'SELECT lo_unlink(1)',
];

const LIMITS: Limits[] = [
  {
    who: 'the service',
    urlOf: ({ serviceUrl }) => serviceUrl,
    refused: [
      ...become('authenticated_user'),
      ...CHANGE_AUDIT,
      ...LARGE_OBJECTS,
      `INSERT INTO audit_log (tenant_id, table_name, operation) SELECT id, 'users', 'UPDATE' FROM tenants`,
      'SELECT password_hash FROM users',
      'SELECT token_hash FROM invites',
      'SELECT token_hash FROM invite_links',
      'SELECT secret FROM user_factors',
      'SELECT public_key FROM user_factors',
      'UPDATE user_factors SET secret = NULL',
      'SELECT code_hash FROM recovery_codes',
      'UPDATE recovery_codes SET used_at = NULL',
      'SELECT challenge_hash FROM spent_challenges',
      'DELETE FROM spent_challenges',
      'SELECT token_hash FROM one_time_tokens',
      'SELECT id FROM one_time_tokens',
      'SELECT id FROM pending_registrations',
      'SELECT id FROM mail_requests',
      `UPDATE mail_requests SET expires_at = now() + interval '1 year'`,
      'SELECT secret_hash FROM service_clients',
      'SELECT secret_hash FROM operator_invitations',
      `UPDATE tenants SET plan_type = 'enterprise'`,
      'UPDATE tenants SET max_users = 1000000',
      `UPDATE tenants SET status = 'active'`,
      'UPDATE tenant_usage SET user_count = 0',
      'DELETE FROM user_sessions',
      `UPDATE users SET password_hash = '$argon2id$forged'`,
      'UPDATE invite_links SET quota = 10000',
      "UPDATE user_sessions SET expires_at = now() + interval '1 year'",
      'SELECT rank_to_invite(NULL)',
      'SELECT encrypted_seeds(NULL, NULL, 1)',
      'SELECT replace_seed(NULL, NULL, NULL, NULL)',
      `SELECT begin_purge(NULL, NULL, 'forged')`,
      `SELECT append_audit_chain(NULL, 0, '[]')`,
      'SELECT prune_revocations(1)',
      `SELECT prune_sessions(NULL, '2000-01-01', 1)`,
      `SELECT prune_usage_events(NULL, '2000-01-01', 1)`,
      `SELECT prune_mails(NULL, '2000-01-01', 1)`,
      `SELECT accept_mail_event('forged')`,
      'SELECT id FROM outgoing_mails',
      `UPDATE outgoing_mails SET status = 'sent'`,
      'UPDATE tenant_mail_limits SET mails_per_hour = 1000000',
      'SELECT smtp_password FROM tenant_mail',
      `INSERT INTO suppressed_addresses (tenant_id, email, reason) SELECT id, 'a@example.com', 'bounce' FROM tenants`,
      `SELECT prune_audit_log(NULL, '2000-01-01', 1)`,
      `SELECT announce_audit_pruning(NULL, '2000-01-01')`,
      'SELECT add_tenant_usage(NULL, 0, 0, 0)',
    ],
  },
  {
    who: 'the tracker',
    urlOf: ({ trackerUrl }) => trackerUrl,
    refused: [
      ...become('tracker_user'),
      ...CHANGE_AUDIT,
      ...LARGE_OBJECTS,
      ...AUDIT.map((table) => `SELECT tenant_id FROM ${table}`),
      'SELECT id FROM users',
      'SELECT password_hash FROM users',
      `UPDATE users SET role = 'admin'`,
      'DELETE FROM users',
      'SELECT id FROM user_factors',
      'SELECT own_factor_secrets()',
      'SELECT id FROM user_sessions',
      'SELECT refresh_token_hash FROM user_sessions',
      'UPDATE user_sessions SET is_active = false',
      'SELECT id FROM tenants',
      'UPDATE tenants SET name = name',
      'UPDATE tenant_settings SET setting_value = setting_value',
      'SELECT id FROM tenant_roles',
      'SELECT id FROM tenant_domains',
      'SELECT id FROM invites',
      'SELECT id FROM one_time_tokens',
      'SELECT id FROM mail_requests',
      'SELECT take_mail_request(NULL)',
      `SELECT find_one_time_token('reset_password', NULL)`,
      'SELECT tenant_id FROM tenant_usage',
      'SELECT id FROM outgoing_mails',
      'SELECT tenant_id FROM tenant_mail',
      `SELECT add_mail(NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
      `SELECT find_credentials('admin@example.com')`,
      `SELECT accept_invite(NULL, 'a@example.com', NULL)`,
      'SELECT inspect_invitation(NULL)',
      'SELECT invited_role()',
      'SELECT is_new_tenant()',
      'SELECT role_holders(NULL)',
      `SELECT cancel_current_tenant('forged')`,
      'SELECT rank_to_invite(NULL)',
    ],
  },
  {
    who: 'the operators',
    urlOf: ({ platformUrl }) => platformUrl,
    refused: [
      ...become('super_admin'),
      ...CHANGE_AUDIT,
      ...LARGE_OBJECTS,
      `INSERT INTO audit_log (tenant_id, table_name, operation) SELECT id, 'users', 'UPDATE' FROM tenants`,
      `INSERT INTO audit_chain (tenant_id) SELECT id FROM tenants`,
      `INSERT INTO audit_anchors (tenant_id) SELECT id FROM tenants`,
      'SELECT prune_sessions(NULL, now(), 1)',
      'SELECT prune_audit_log(NULL, now(), 1)',
      'SELECT announce_audit_pruning(NULL, now())',
      `SELECT record_pruning(NULL, 'sessions', 1, now(), now())`,
      'SELECT password_hash FROM users',
      'SELECT secret FROM user_factors',
      'UPDATE user_factors SET secret = NULL',
      'SELECT own_factor_secrets()',
      'SELECT code_hash FROM recovery_codes',
      'SELECT token_hash FROM invites',
      'SELECT token_hash FROM invite_links',
      'SELECT token_hash FROM one_time_tokens',
      'SELECT password_hash FROM pending_registrations',
      `UPDATE mail_requests SET content = ''`,
      'SELECT take_mail_request(NULL)',
      'UPDATE tenant_usage SET user_count = 0',
      'DELETE FROM revocation_events',
      'TRUNCATE users CASCADE',
      'ALTER TABLE users DISABLE ROW LEVEL SECURITY',
      'CREATE POLICY mine ON users USING (true)',
      `SELECT find_credentials('admin@example.com')`,
      'SELECT rank_to_invite(NULL)',
    ],
  },
];

/** What each login cannot do, whatever permissions it claims. */
export const loginLimits: Requirement[] = LIMITS.map(({ who, urlOf, refused }) => ({
  id: 'logins',
  attempt: `${who} with SQL of the attacker's choice and every permission claimed, in the tenant itself`,
  run: ({ database, victim }) =>
    connected(urlOf(database), (client) =>
      rolledBack(client, null, async () => {
        await enter(client, victim);
        const reached: string[] = [];
        for (const sql of refused) {
          const answer = await ask(client, sql);
          if (!isRefused(answer)) reached.push(`${sql}: ${describe(answer)}`);
        }
        return {
          passed: reached.length === 0,
          result: reached.join('; ') || `${refused.length} statements refused`,
        };
      }),
    ),
}));
