export { toApiError } from './database-errors.js';
export * from './isolation-proof.js';
export { PlatformDatabase, type PlatformDatabaseOptions } from './platform-database.js';
export type { PlatformContext, PlatformLimits, PlatformQuery } from './platform-transaction.js';
export { OwnTransactions } from './own-transactions.decorator.js';
export {
  clientOf,
  currentRequest,
  findCurrentRequest,
  registerRequestContext,
  type RequestClient,
  type RequestContext,
  runInRequestContext,
  runOutsideRequest,
} from './request-context.js';
export * from './row-level-security.js';
export { TenancyModule } from './tenancy.module.js';
export type { TenancyOptions } from './tenancy.options.js';
export { TenantDatabase } from './tenant-database.js';
export * from './tenant-naming.js';
export { type NamingRequest, TenantResolver } from './tenant.resolver.js';
export * from './tenant-snapshot.js';
export { TenantInterceptor } from './tenant.interceptor.js';
export type { PoolTotals } from './tenant-pool.js';
export { openingStatement, type TenantContext } from './tenant-transaction.js';
export { uuidv7 } from './uuidv7.js';
