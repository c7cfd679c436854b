import type { TenantDatabase } from '@poc-tracker/tenancy';

/** The command line has no tenant's login; no method that it calls asks for one. */
export const NO_TENANT_DATABASE = new Proxy({} as TenantDatabase, {
  get: (_target, method) => {
    throw new Error(`The command line works on no tenant's login (${String(method)}).`);
  },
});
