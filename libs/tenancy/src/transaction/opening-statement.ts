import { isUuid, type Permission, ROLES, type Role } from '@poc-tracker/contracts';
import { BEGIN_PINNED_FOR_REQUEST } from './session-settings.js';

/** The user that a transaction acts for, and their rights: the four settings that the policies read. */
export interface TenantContext {
  readonly tenantId: string;
  readonly userId: string | null;
  /** The rank of the user, which no user that they change may exceed. */
  readonly role: Role | null;
  /** Everything that the user may do now. */
  readonly permissions: readonly Permission[];
}

/**
 * The context of work that needs no rights. Without a user it sees what a tenant shows to everyone; with a user it also
 * reads and changes what belongs to that user.
 */
export function contextWithoutRights(
  tenantId: string,
  userId: string | null = null,
): TenantContext {
  return { tenantId, userId, role: null, permissions: [] };
}

export interface PlatformContext {
  /** The tenant that the operator acts on; null for all or none. */
  tenantId: string | null;
  /** The operator's user id in the platform tenant; null for scheduled jobs. */
  operatorId: string | null;
}

/** The actor that the audit log records: an operator, or the service itself. */
export type ActorKind = 'operator' | 'system';

export interface TransactionLimits {
  /** PostgreSQL's timeout of one statement, in milliseconds. */
  statementTimeoutMs: number;
  /** PostgreSQL's timeout between two statements, in milliseconds, for work that waits or a process that hangs. */
  idleTimeoutMs: number;
}

/** A pattern instead of the catalogue, because another service may have other permissions. */
const PERMISSION_NAME = /^[a-z][a-z0-9_.:-]*$/;

/**
 * BEGIN, the context of a tenant's user and the timeouts in one round trip.
 * @param begin `BEGIN_PINNED_FOR_REQUEST` behind a pooler
 * @throws Error if an id is not a UUID, or the role or a permission is malformed.
 */
export function openingStatement(
  { tenantId, userId, role, permissions }: TenantContext,
  limits: TransactionLimits,
  begin = 'BEGIN',
): string {
  const user = userId === null ? 'NULL' : uuidLiteral(userId, 'user');
  const context = `${uuidLiteral(tenantId, 'tenant')}, ${user}, ${roleLiteral(role)}, ${permissionsLiteral(permissions)}`;
  return open(begin, `set_user_context(${context})`, limits);
}

/**
 * The same for an operator or scheduled work, on the operators' login. It has few transactions, so each pins its settings.
 * @throws Error if an id is not a UUID.
 */
export function platformOpeningStatement(
  { tenantId, operatorId }: PlatformContext,
  limits: TransactionLimits,
  actorKind: ActorKind,
): string {
  const tenant = tenantId === null ? 'NULL' : uuidLiteral(tenantId, 'tenant');
  const operator = operatorId === null ? 'NULL' : uuidLiteral(operatorId, 'operator');
  return open(
    BEGIN_PINNED_FOR_REQUEST,
    `set_user_context(${tenant}, ${operator}, NULL), set_config('app.actor_kind', '${actorKind}', true)`,
    limits,
  );
}

/** The simple protocol has no parameters, so every literal in `settings` is validated and cannot contain a quote. */
function open(
  begin: string,
  settings: string,
  { statementTimeoutMs, idleTimeoutMs }: TransactionLimits,
): string {
  return (
    `${begin}; SELECT ${settings}; ` +
    `SET LOCAL statement_timeout = ${Math.ceil(statementTimeoutMs)}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(idleTimeoutMs)}`
  );
}

function uuidLiteral(id: string, whose: string): string {
  if (!isUuid(id)) throw new Error(`The ${whose} of a transaction must be a UUID.`);
  return `'${id}'`;
}

function roleLiteral(role: Role | null): string {
  if (role === null) return 'NULL';
  if (!ROLES.includes(role))
    throw new Error('The role of a transaction must be one of the catalogue.');
  return `'${role}'`;
}

/** A text[]. The names are quoted, because an unquoted null would be no name. */
function permissionsLiteral(permissions: readonly string[]): string {
  if (!permissions.every((permission) => PERMISSION_NAME.test(permission)))
    throw new Error('A permission of a transaction must be a name in lower case.');
  return `'{${permissions.map((permission) => `"${permission}"`).join(',')}}'`;
}
