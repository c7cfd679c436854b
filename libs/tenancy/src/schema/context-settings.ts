import type { Permission } from '@poc-tracker/contracts';

/*
 * The settings of a transaction, as expressions for policies and functions. Each is a scalar sub-select, which
 * PostgreSQL evaluates once per statement and not once per row. `nullif`: a pooled connection that has carried a
 * transaction-local setting before reports it as '' and not as NULL, and ''::uuid is an error and not "no rows".
 */
export const CURRENT_TENANT = `(select nullif(current_setting('app.current_tenant_id', true), '')::uuid)`;
export const CURRENT_USER_ID = `(select nullif(current_setting('app.current_user_id', true), '')::uuid)`;
export const CURRENT_USER_ROLE = `(select current_setting('app.user_role', true))`;

/** The roles from the lowest to the highest, as ROLES of the contracts. Written out, because released migrations use it. */
export const RANKS = `ARRAY['viewer', 'user', 'manager', 'admin']`;

/** True if the current user holds the permission: by their role, by a grant of their own or by a custom role. */
export function hasPermission(permission: Permission): string {
  return `(select public.has_permission('${permission}'))`;
}

/** True if `role` is not above the role of the current user. Not true without a role, or with one that does not exist. */
export function isWithinOwnRank(role: string): string {
  return `array_position(${RANKS}, ${role}) <= (select array_position(${RANKS}, current_setting('app.user_role', true)))`;
}
