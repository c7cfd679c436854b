export { toApiError } from './database-errors.js';
export * from './isolation-proof.js';
export {
  currentRequest,
  registerRequestContext,
  type RequestContext,
  runInRequestContext,
} from './request-context.js';
export * from './row-level-security.js';
export { TenancyModule } from './tenancy.module.js';
export type { TenancyOptions } from './tenancy.options.js';
export { TenantDatabase } from './tenant-database.js';
export { TenantInterceptor } from './tenant.interceptor.js';
export type { PoolTotals } from './tenant-pool.js';
export { openingStatement, type TenantContext } from './tenant-transaction.js';
export { uuidv7 } from './uuidv7.js';
