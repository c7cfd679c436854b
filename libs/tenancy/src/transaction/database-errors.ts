import { ApiError, type ErrorCode, type LimitDetails, toStorageGb } from '@poc-tracker/contracts';

/** The error code of each constraint that a client can violate, by the constraint's name. */
export type ConstraintCodes = Readonly<Record<string, ErrorCode>>;

/** SQLSTATEs that mean the same for every statement (PostgreSQL, appendix A). */
const STATE_CODES: Readonly<Record<string, ErrorCode>> = {
  '22001': 'VALIDATION_ERROR', // string_data_right_truncation
  '22003': 'VALIDATION_ERROR', // numeric_value_out_of_range
  '22007': 'VALIDATION_ERROR', // invalid_datetime_format
  '22008': 'VALIDATION_ERROR', // datetime_field_overflow
  '22021': 'VALIDATION_ERROR', // character_not_in_repertoire: a NUL byte
  '22P02': 'VALIDATION_ERROR', // invalid_text_representation
  '22P05': 'VALIDATION_ERROR', // untranslatable_character: \u0000 in JSON
  '42501': 'INSUFFICIENT_PERMISSIONS', // refused by a policy or a trigger
  '40001': 'SERVICE_BUSY', // serialization_failure
  '40P01': 'SERVICE_BUSY', // deadlock_detected
  '55P03': 'SERVICE_BUSY', // lock_not_available
  // The schema is missing, or of another version than the service: being restored or migrated.
  '3F000': 'SERVICE_UNAVAILABLE', // invalid_schema_name
  '42703': 'SERVICE_UNAVAILABLE', // undefined_column
  '42883': 'SERVICE_UNAVAILABLE', // undefined_function
  '42P01': 'SERVICE_UNAVAILABLE', // undefined_table
  '25P03': 'SERVICE_UNAVAILABLE', // idle_in_transaction_session_timeout
  '25006': 'SERVICE_UNAVAILABLE', // read_only_sql_transaction: a standby during a fail-over
  '57014': 'SERVICE_UNAVAILABLE', // query_canceled: statement_timeout
};

/** Connection exception, invalid authorization, invalid catalog name, insufficient resources, operator intervention. */
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

/** node-postgres, its pool and TypeORM report connection failures by message only. */
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

/** Seconds after which a client may retry a request that conflicted with another transaction. */
const RETRY_AFTER_SECONDS = 1;

const MAX_CAUSES = 5;

/** PostgreSQL's function that reports a missing grant. Its message is in the language of the server. */
const MISSING_GRANT = 'aclcheck_error';

interface DatabaseFailure {
  code?: unknown;
  routine?: unknown;
  constraint?: unknown;
  detail?: unknown;
  message?: unknown;
  cause?: unknown;
  driverError?: unknown;
}

/** Details are public only for these codes: those of other errors quote rows. */
const LIMIT_CODES: ReadonlySet<ErrorCode> = new Set([
  'USER_LIMIT_EXCEEDED',
  'POC_LIMIT_EXCEEDED',
  'STORAGE_LIMIT_EXCEEDED',
]);

/** What add_tenant_usage() reports. */
const USAGE_REPORT = new RegExp(
  `^\\{${['maxUsers', 'maxPocs', 'maxStorageGb', 'users', 'pocs', 'storageBytes']
    .map((name) => `"${name}" : (?<${name}>\\d+)`)
    .join(', ')}\\}$`,
);

/** A list like that of the setting app.user_permissions. */
const PERMISSION_NAMES = /^[a-z0-9_.:-]+( [a-z0-9_.:-]+)*$/;

/**
 * Translates errors of PostgreSQL, node-postgres and TypeORM for an application whose schema has these constraints. The
 * translator returns undefined for any other error and for a defect of the application. The original error becomes the
 * `cause`; nothing of it is public.
 */
export function createErrorTranslator(
  constraintCodes: ConstraintCodes = {},
): (error: unknown) => ApiError | undefined {
  return (error) => {
    let current = error;
    for (
      let depth = 0;
      depth < MAX_CAUSES && typeof current === 'object' && current !== null;
      depth += 1
    ) {
      const failure: DatabaseFailure = current;
      const code = codeOf(failure, constraintCodes);
      if (code === 'SERVICE_BUSY')
        return new ApiError(code, { retryAfter: RETRY_AFTER_SECONDS, cause: error });
      if (code !== undefined)
        return new ApiError(code, { details: detailsOf(code, failure), cause: error });
      current = failure.driverError ?? failure.cause;
    }
    return undefined;
  };
}

function codeOf(
  { code, constraint, message, routine }: DatabaseFailure,
  constraintCodes: ConstraintCodes,
): ErrorCode | undefined {
  if (typeof constraint === 'string') {
    const named = constraintCodes[constraint];
    if (named !== undefined) return named;
    if (code === '23514' && constraint.endsWith('_check')) return 'VALIDATION_ERROR';
    // The tenant was purged at the same time.
    if (code === '23503' && constraint.endsWith('_tenant_fkey')) return 'INVALID_TENANT';
  }
  if (typeof code === 'string') {
    if (SOCKET_ERRORS.has(code)) return 'SERVICE_UNAVAILABLE';
    // No user lacks a grant: the login of the service does.
    if (code === '42501' && routine === MISSING_GRANT) return 'SERVICE_UNAVAILABLE';
    return STATE_CODES[code] ?? (isUnavailable(code) ? 'SERVICE_UNAVAILABLE' : undefined);
  }
  const lost =
    typeof message === 'string' && CONNECTION_MESSAGES.some((start) => message.startsWith(start));
  return lost ? 'SERVICE_UNAVAILABLE' : undefined;
}

/**
 * What add_tenant_usage() and refuse_rights_not_held() report: the limits and the usage of a tenant, or the permissions that
 * the caller lacks.
 */
function detailsOf(code: ErrorCode, { constraint, detail }: DatabaseFailure): unknown {
  if (typeof detail !== 'string' || typeof constraint !== 'string') return undefined;
  if (LIMIT_CODES.has(code)) return limitDetails(detail);
  if (constraint.endsWith('_rights_held') && PERMISSION_NAMES.test(detail))
    return { reason: 'permission_not_held', required: detail.split(' ') };
  return undefined;
}

function limitDetails(report: string): LimitDetails | undefined {
  const found = USAGE_REPORT.exec(report)?.groups;
  if (found === undefined) return undefined;
  const count = (name: string): number => Number(found[name]);
  return {
    limits: {
      maxUsers: count('maxUsers'),
      maxPocs: count('maxPocs'),
      maxStorageGb: count('maxStorageGb'),
    },
    usage: {
      users: count('users'),
      pocs: count('pocs'),
      storageGb: toStorageGb(count('storageBytes')),
    },
  };
}

function isUnavailable(state: string): boolean {
  return state.length === 5 && UNAVAILABLE_CLASSES.has(state.slice(0, 2));
}
