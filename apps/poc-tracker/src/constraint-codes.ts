import { type ConstraintCodes, createErrorTranslator } from '@poc-tracker/tenancy';

/** What it means to a client that a constraint of the tracker's tables, or a limit of the tenant, is violated. */
export const CONSTRAINT_CODES: ConstraintCodes = {
  tenant_poc_limit: 'POC_LIMIT_EXCEEDED',
  tenant_storage_limit: 'STORAGE_LIMIT_EXCEEDED',
  platform_tenant_reserved: 'INSUFFICIENT_PERMISSIONS',
  pocs_publisher: 'INSUFFICIENT_PERMISSIONS',
  poc_collaborators_poc_fkey: 'NOT_FOUND',
  poc_collaborators_user_fkey: 'NOT_FOUND',
  poc_files_poc_fkey: 'NOT_FOUND',
  // The author of a row was deleted at the same time.
  pocs_created_by_fkey: 'TOKEN_REVOKED',
  poc_files_created_by_fkey: 'TOKEN_REVOKED',
  poc_collaborators_added_by_fkey: 'TOKEN_REVOKED',
};

export const toApiError = createErrorTranslator(CONSTRAINT_CODES);
