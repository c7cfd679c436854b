/** Statement that writes every change of a table's rows into audit_log; runs inside `asGatekeeper`. */
export function auditTable(table: string): string {
  return `CREATE TRIGGER ${table}_audit AFTER INSERT OR UPDATE OR DELETE ON public.${table}
    FOR EACH ROW EXECUTE FUNCTION public.audit_tenant_access()`;
}
