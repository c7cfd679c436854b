import { ApiError, type ErrorCode } from '@poc-tracker/contracts';

/** Constraint names are an interface of the schema: what breaking each of them means to a client. */
const CONSTRAINT_CODES: Readonly<Record<string, ErrorCode>> = {
  users_tenant_email_key: 'USER_EXISTS',
  tenants_subdomain_key: 'TENANT_EXISTS',
  tenant_user_limit: 'USER_LIMIT_EXCEEDED',
  tenant_poc_limit: 'POC_LIMIT_EXCEEDED',
  tenant_storage_limit: 'STORAGE_LIMIT_EXCEEDED',
  users_last_admin_stays: 'LAST_ADMIN',
  poc_collaborators_poc_fkey: 'NOT_FOUND',
  poc_collaborators_user_fkey: 'NOT_FOUND',
  poc_files_poc_fkey: 'NOT_FOUND',
  users_own_role_fixed: 'INSUFFICIENT_PERMISSIONS',
  invites_open_email_key: 'INVITE_EXISTS',
  // Who writes in the very moment in which they are deleted.
  invites_invited_by_fkey: 'TOKEN_REVOKED',
  invite_links_created_by_fkey: 'TOKEN_REVOKED',
  users_created_by_fkey: 'TOKEN_REVOKED',
  pocs_created_by_fkey: 'TOKEN_REVOKED',
  poc_files_created_by_fkey: 'TOKEN_REVOKED',
  poc_collaborators_added_by_fkey: 'TOKEN_REVOKED',
  user_sessions_user_fkey: 'INVALID_CREDENTIALS',
  tenants_status_move: 'INVALID_TRANSITION',
  tenants_custom_domain_key: 'DOMAIN_TAKEN',
  tenant_domains_verified_key: 'DOMAIN_TAKEN',
  tenants_custom_domain_proven: 'DOMAIN_NOT_VERIFIED',
  tenants_platform_stays: 'INVALID_TRANSITION',
  users_platform_people: 'REGISTRATION_REFUSED',
  users_platform_rights: 'INSUFFICIENT_PERMISSIONS',
  users_rights_held: 'INSUFFICIENT_PERMISSIONS',
  tenant_roles_rights_held: 'INSUFFICIENT_PERMISSIONS',
  tenant_roles_holders: 'INSUFFICIENT_PERMISSIONS',
  tenant_roles_name_key: 'ROLE_EXISTS',
  users_custom_role_fkey: 'ROLE_IN_USE',
};

/** SQLSTATEs with one meaning wherever they come from (PostgreSQL, appendix A). */
const STATE_CODES: Readonly<Record<string, ErrorCode>> = {
  '22001': 'VALIDATION_ERROR', // string_data_right_truncation
  '22003': 'VALIDATION_ERROR', // numeric_value_out_of_range
  '22007': 'VALIDATION_ERROR', // invalid_datetime_format
  '22008': 'VALIDATION_ERROR', // datetime_field_overflow
  '22021': 'VALIDATION_ERROR', // character_not_in_repertoire: a NUL byte
  '22P02': 'VALIDATION_ERROR', // invalid_text_representation
  '22P05': 'VALIDATION_ERROR', // untranslatable_character: \u0000 in JSON
  '42501': 'INSUFFICIENT_PERMISSIONS', // a policy or a grant refused the row
  '40001': 'SERVICE_BUSY', // serialization_failure
  '40P01': 'SERVICE_BUSY', // deadlock_detected
  '55P03': 'SERVICE_BUSY', // lock_not_available
  '25P03': 'SERVICE_UNAVAILABLE', // idle_in_transaction_session_timeout
  '25006': 'SERVICE_UNAVAILABLE', // read_only_sql_transaction: a standby during a fail-over
  '57014': 'SERVICE_UNAVAILABLE', // query_canceled: statement_timeout
};

/** Connection exceptions, a log-in or a database that is refused, insufficient resources, operator intervention. */
const UNAVAILABLE_CLASSES = new Set(['08', '28', '3D', '53', '57']);

const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** node-postgres, its pool and TypeORM name the failures of a connection in words only. */
const CONNECTION_MESSAGES = [
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
  'Query read timeout',
  'Cannot use a pool after calling end',
  'Query runner already released',
  'Database connection provided by a query runner was already released',
];

/** Seconds after which a client may try again what lost a race against another transaction. */
const RETRY_AFTER_SECONDS = 1;

const MAX_CAUSES = 5;

interface DatabaseFailure {
  code?: unknown;
  constraint?: unknown;
  detail?: unknown;
  message?: unknown;
  cause?: unknown;
  driverError?: unknown;
}

/**
 * What an error of PostgreSQL, node-postgres or TypeORM means to a client, or undefined when it is none of them or
 * means a defect of ours. The original is the `cause`; nothing of it is public.
 */
export function toApiError(error: unknown): ApiError | undefined {
  let current = error;
  for (
    let depth = 0;
    depth < MAX_CAUSES && typeof current === 'object' && current !== null;
    depth += 1
  ) {
    const failure: DatabaseFailure = current;
    const code = codeOf(failure);
    if (code === 'SERVICE_BUSY')
      return new ApiError(code, { retryAfter: RETRY_AFTER_SECONDS, cause: error });
    if (code !== undefined)
      return new ApiError(code, { details: limitDetails(failure), cause: error });
    current = failure.driverError ?? failure.cause;
  }
  return undefined;
}

function codeOf({ code, constraint, message }: DatabaseFailure): ErrorCode | undefined {
  if (typeof constraint === 'string') {
    const named = CONSTRAINT_CODES[constraint];
    if (named !== undefined) return named;
    if (code === '23514' && constraint.endsWith('_check')) return 'VALIDATION_ERROR';
    // The tenant was purged in this moment.
    if (code === '23503' && constraint.endsWith('_tenant_fkey')) return 'INVALID_TENANT';
  }
  if (typeof code === 'string') {
    if (SOCKET_ERRORS.has(code)) return 'SERVICE_UNAVAILABLE';
    return STATE_CODES[code] ?? (isUnavailable(code) ? 'SERVICE_UNAVAILABLE' : undefined);
  }
  const lost =
    typeof message === 'string' && CONNECTION_MESSAGES.some((start) => message.startsWith(start));
  return lost ? 'SERVICE_UNAVAILABLE' : undefined;
}

/**
 * Limit and usage of a tenant that has reached a limit, as add_tenant_usage() found them under its lock. The details of
 * any other error stay in the log: PostgreSQL's own quote rows.
 */
function limitDetails({ constraint, detail }: DatabaseFailure): unknown {
  if (typeof constraint !== 'string' || typeof detail !== 'string') return undefined;
  if (!/^tenant_(user|poc|storage)_limit$/.test(constraint)) return undefined;
  const told = /^\{"limit" : (\d+), "usage" : (\d+)\}$/.exec(detail);
  return told === null ? undefined : { limit: Number(told[1]), usage: Number(told[2]) };
}

function isUnavailable(state: string): boolean {
  return state.length === 5 && UNAVAILABLE_CLASSES.has(state.slice(0, 2));
}
