/**
 * Runs statements in one open transaction: that of a tenant (`TenantDatabase`) or that of the operators
 * (`PlatformDatabase.transaction()`).
 *
 * Code that takes a `SqlRunner` may run on either. No policy hides the rows of other tenants from the operators' login,
 * so each of its statements names the tenant, which both kinds of transaction hold in `app.current_tenant_id`
 * (`CURRENT_TENANT`).
 */
export interface SqlRunner {
  /** Runs one statement of fixed text and returns its rows. Do not run two statements in parallel. */
  query<Row>(sql: string, params?: unknown[]): Promise<Row[]>;
}
