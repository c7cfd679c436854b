import { OPERATOR_ROLE } from './row-level-security.js';

/**
 * Who changes a row, as the audit log names them: 'user', 'operator' or 'system'. Any login can write
 * app.actor_kind, so it counts only on a login that has the rights of the operators. The user id alone would make an
 * operator look like a user.
 */
export const ACTOR_KIND = `CASE
        WHEN current_setting('app.actor_kind', true) = 'operator' AND pg_has_role(session_user, '${OPERATOR_ROLE}', 'USAGE')
          THEN 'operator'
        WHEN nullif(current_setting('app.current_user_id', true), '') IS NULL THEN 'system'
        ELSE 'user' END`;

/** Statement that records every change of a table's rows in audit_log. Run it in `asGatekeeper`. */
export function auditTable(table: string): string {
  return `CREATE TRIGGER ${table}_audit AFTER INSERT OR UPDATE OR DELETE ON public.${table}
    FOR EACH ROW EXECUTE FUNCTION public.audit_tenant_access()`;
}
