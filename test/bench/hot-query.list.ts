import { searchStatement } from '../../apps/auth-service/src/audit/entry-search.js';
import { SEARCH_PEOPLE } from '../../apps/auth-service/src/auth/user-directory.repository.js';
import { FIND_USER_BY_ID } from '../../apps/auth-service/src/auth/user.repository.js';

/** Whom a run of a query is about. */
export interface Subject {
  tenantId: string;
  subdomain: string;
  adminId: string;
  userId: string;
  email: string;
  sessionId: string;
  tokenHash: Buffer;
  /** Position of a reader of the revocation feed. */
  cursor: string;
}

export interface HotQuery {
  name: string;
  sql: string;
  params: (subject: Subject) => unknown[];
  /** Sent before there is a context: finds the tenant, or is about none. */
  outside?: true;
  /** Column that must be in every index condition; default tenant_id. */
  key?: RegExp;
}

/** Comes before every id. */
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

const AUDIT_PAGE = searchStatement({}, 51);

/** The statements that the service sends most often, as it sends them. */
export const HOT_QUERIES: readonly HotQuery[] = [
  {
    name: 'resolve_tenant',
    sql: 'SELECT * FROM resolve_tenant($1, $2, $3)',
    params: ({ subdomain }) => [null, subdomain, null],
    outside: true,
    key: /\b(id|subdomain|custom_domain)\b/,
  },
  {
    name: 'session_standing',
    sql: 'SELECT * FROM session_standing($1, $2, $3)',
    params: ({ tenantId, userId, sessionId }) => [tenantId, userId, sessionId],
    outside: true,
  },
  {
    name: 'find_credentials',
    sql: 'SELECT * FROM find_credentials($1)',
    params: ({ email }) => [email],
  },
  { name: 'user by id', sql: FIND_USER_BY_ID, params: ({ userId }) => [userId] },
  {
    name: 'users, one page',
    sql: `SELECT id FROM users
           WHERE id > $1 AND $3::text IS NULL AND $4::text IS NULL AND $5::uuid IS NULL ORDER BY id LIMIT $2`,
    params: ({ userId }) => [userId, 51, null, null, null],
  },
  {
    name: 'users, search by prefix',
    sql: SEARCH_PEOPLE,
    params: ({ email }) => [FIRST_ID, 51, null, null, null, email.slice(0, 5)],
  },
  {
    name: 'sessions of a user',
    sql: `SELECT * FROM user_sessions WHERE user_id = $1 AND is_active AND expires_at > $2
           ORDER BY last_used_at DESC, id DESC`,
    params: ({ userId }) => [userId, new Date()],
  },
  {
    name: 'refresh rotation',
    sql: `UPDATE user_sessions
             SET generation = generation + 1, previous_refresh_token_hash = refresh_token_hash,
                 refresh_token_hash = $3, refresh_nonce = $4, rotated_at = $5, last_used_at = $5
           WHERE id = $1 AND refresh_token_hash = $2 AND is_active AND expires_at > $5
          RETURNING device_info`,
    params: ({ sessionId, tokenHash }) => [
      sessionId,
      tokenHash,
      Buffer.alloc(32, 7),
      Buffer.alloc(16, 7),
      new Date(),
    ],
  },
  {
    name: 'usage',
    sql: `SELECT u.user_count, u.poc_count, u.storage_bytes, t.max_users, t.max_pocs, t.max_storage_gb
            FROM tenant_usage u JOIN tenants t ON t.id = u.tenant_id`,
    params: () => [],
  },
  { name: 'audit, one page', sql: AUDIT_PAGE?.sql ?? '', params: () => AUDIT_PAGE?.params ?? [] },
  {
    name: 'revocations_since',
    sql: 'SELECT * FROM revocations_since($1)',
    params: ({ cursor }) => [cursor],
    outside: true,
    // The one question about all tenants: what has happened since.
    key: /\bxid\b/,
  },
];
