// The module.
export { TenancyModule } from './tenancy.module.js';
export type { TenancyOptions } from './tenancy.options.js';

// transaction: statements in the transaction of a tenant or an operator.
export { type ConstraintCodes, createErrorTranslator } from './transaction/database-errors.js';
export { OwnTransactions } from './transaction/own-transactions.decorator.js';
export { PlatformDatabase, type PlatformDatabaseOptions } from './transaction/platform-database.js';
export type { PlatformContext, PlatformLimits } from './transaction/platform-transaction.js';
export {
  clientOf,
  currentRequest,
  findCurrentRequest,
  registerRequestContext,
  type RequestClient,
  type RequestContext,
  runInRequestContext,
  runOutsideRequest,
} from './transaction/request-context.js';
export type { SqlRunner } from './transaction/sql-runner.js';
export { TenantDatabase } from './transaction/tenant-database.js';
export type { PoolTotals } from './transaction/tenant-pool.js';
export {
  contextWithoutRights,
  openingStatement,
  type TenantContext,
} from './transaction/tenant-transaction.js';
export { TenantInterceptor } from './transaction/tenant.interceptor.js';

// resolution: the tenant of a request.
export * from './resolution/tenant-naming.js';
export * from './resolution/tenant-snapshot.js';
export { type NamingRequest, TenantResolver } from './resolution/tenant.resolver.js';

// schema: SQL for migrations, ids, and the check of row-level security.
export * from './schema/context-settings.js';
export * from './schema/isolation-proof.js';
export * from './schema/row-level-security.js';
export type { SchemaPart } from './schema/schema-part.js';
export { uuidv7 } from './schema/uuidv7.js';
