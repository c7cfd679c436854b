export { databaseTime } from './database-time.js';
// The module, and what it provides to run statements.
export { mostConnections } from './connection-limit.js';
export { PlatformDatabase, type PlatformDatabaseOptions } from './platform-database.js';
export { TenancyModule } from './tenancy.module.js';
export type { TenancyOptions } from './tenancy.options.js';
export { TenantDatabase } from './tenant-database.js';
export { WriteProbe } from './write-probe/write-probe.js';

// health: checks for the service's report.
export { ClockCheck } from './health/clock.check.js';
export { DatabaseCheck } from './health/database.check.js';

// request: the current request, and the end of its transactions.
export { OwnTransactions } from './request/own-transactions.decorator.js';
export {
  changedTenants,
  clientOf,
  currentRequest,
  currentRequestSignal,
  findCurrentRequest,
  registerRequestContext,
  type RequestClient,
  type RequestContext,
  runInRequestContext,
  runOutsideRequest,
  setRequestPrincipal,
} from './request/request-context.js';
export { TenantInterceptor } from './request/tenant.interceptor.js';

// transaction: the transaction of a tenant or an operator, on its connection.
export { type ConstraintCodes, createErrorTranslator } from './transaction/database-errors.js';
export {
  contextWithoutRights,
  openingStatement,
  type PlatformContext,
  type TenantContext,
  type TransactionLimits,
} from './transaction/opening-statement.js';
export type { SqlRunner } from './transaction/sql-runner.js';
export { isDirectConnection } from './direct-connection.js';
export type { PoolTotals } from './transaction/tenant-pool.js';

// fairness: what tenants share is used in turn.
export { addressBlock } from './fairness/address-block.js';
export { FairQueue, type Place } from './fairness/fair-queue.js';
export { RequestTurns } from './fairness/request-turns.js';
export { currentOwner, ownerOf } from './fairness/task-owner.js';

// resolution: the tenant of a request.
export { DatabaseTenantLookup, TenantLookup } from './resolution/tenant-lookup.js';
export * from './resolution/tenant-naming.js';
export * from './resolution/tenant-snapshot.js';
export { type NamingRequest, TenantResolver } from './resolution/tenant.resolver.js';

// schema: SQL for migrations, ids, and the check of row-level security.
export * from './schema/audit-triggers.js';
export * from './schema/context-settings.js';
export * from './schema/isolation-proof.js';
export * from './schema/row-level-security.js';
export {
  createParts,
  dropTriggers,
  refuseToLoseRows,
  removeParts,
  type SchemaPart,
} from './schema/schema-part.js';
export { uuidv7 } from './schema/uuidv7.js';
