import { MAX_UUID } from '@poc-tracker/contracts';
import { HEAD, LINKS } from '../../apps/auth-service/src/audit/chain/audit-log-page.repository.js';
import {
  FIND_HISTORY,
  historyParameters,
} from '../../apps/auth-service/src/session/login-history/login-history.repository.js';
import { searchStatement } from '../../apps/auth-service/src/audit/entry-search.js';
import {
  KEEP_TO_INDEX_ORDER,
  SEARCH_START,
  SEARCH_STATEMENTS,
} from '../../apps/auth-service/src/user/user-search.js';
import { listStatement } from '../../apps/auth-service/src/user/user-directory.repository.js';
import { FIND_PROFILE, FIND_USER_BY_ID } from '../../apps/auth-service/src/user/user.repository.js';
import { ROTATE } from '../../apps/auth-service/src/session/session.repository.js';
import { SETTINGS } from '../../apps/auth-service/src/tenant/settings/settings.repository.js';
import { USAGE } from '../../apps/auth-service/src/tenant/tenant.repository.js';

/** The subject of a query. */
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
  /** Sent before it, in the same transaction. */
  before?: string;
  params: (subject: Subject) => unknown[];
  /** Sent without a tenant context: finds the tenant or concerns none. */
  outside?: true;
  /** Column that must be in every index condition; default tenant_id. */
  key?: RegExp;
}

const AUDIT_PAGE = searchStatement({}, 51);

/**
 * The statements that the service sends most often: fourteen within a tenant, the one that finds the tenant and the one that
 * reads revocations of all tenants.
 */
export const HOT_QUERIES: readonly HotQuery[] = [
  {
    name: 'resolve_tenant',
    sql: 'SELECT * FROM resolve_tenant($1, $2, $3)',
    params: ({ subdomain }) => [null, subdomain, null],
    outside: true,
    key: /\b(id|subdomain|domain|custom_domain)\b/,
  },
  {
    name: 'session_status',
    sql: 'SELECT * FROM session_status($1, $2, $3)',
    params: ({ tenantId, userId, sessionId }) => [tenantId, userId, sessionId],
    outside: true,
  },
  {
    name: 'find_credentials',
    sql: 'SELECT * FROM find_credentials($1)',
    params: ({ email }) => [email],
  },
  {
    name: 'history of a log-in',
    sql: FIND_HISTORY,
    params: ({ userId }) => historyParameters(userId),
  },
  { name: 'user by id', sql: FIND_USER_BY_ID, params: ({ userId }) => [userId] },
  { name: 'user with the tenant', sql: FIND_PROFILE, params: ({ userId }) => [userId] },
  {
    name: 'users, one page',
    before: KEEP_TO_INDEX_ORDER,
    sql: listStatement({}),
    params: ({ userId }) => [userId, 51, null, null, null],
  },
  {
    name: 'users, search by prefix',
    before: KEEP_TO_INDEX_ORDER,
    sql: SEARCH_STATEMENTS[0] ?? '',
    params: ({ email }) => [
      SEARCH_START.key,
      SEARCH_START.id,
      51,
      email.slice(0, 5),
      null,
      null,
      null,
    ],
  },
  {
    name: 'sessions of a user',
    sql: `SELECT * FROM user_sessions WHERE user_id = $1 AND is_active AND expires_at > $2 AND id < $3
           ORDER BY id DESC LIMIT 51`,
    params: ({ userId }) => [userId, new Date(), MAX_UUID],
  },
  {
    name: 'refresh rotation',
    sql: ROTATE,
    params: ({ sessionId, tokenHash }) => [
      sessionId,
      tokenHash,
      Buffer.alloc(32, 7),
      Buffer.alloc(16, 7),
      new Date(),
      '203.0.113.7',
      'bench',
    ],
  },
  { name: 'settings of the tenant', sql: SETTINGS, params: () => [] },
  { name: 'usage', sql: USAGE, params: () => [] },
  { name: 'audit, one page', sql: AUDIT_PAGE?.sql ?? '', params: () => AUDIT_PAGE?.params ?? [] },
  { name: 'audit chain, head', sql: HEAD, params: ({ tenantId }) => [tenantId] },
  {
    name: 'audit chain, one page',
    sql: LINKS,
    params: ({ tenantId }) => [tenantId, 0, 20_000, 500],
  },
  {
    name: 'revocations_since',
    sql: 'SELECT * FROM revocations_since($1)',
    params: ({ cursor }) => [cursor],
    outside: true,
    // The only query across tenants: the revocations since a position.
    key: /\bxid\b/,
  },
];
