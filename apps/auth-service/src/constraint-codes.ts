import { type ConstraintCodes, createErrorTranslator } from '@poc-tracker/tenancy';

/** What it means to a client that a constraint of this service's schema is violated. */
export const CONSTRAINT_CODES: ConstraintCodes = {
  tenants_subdomain_key: 'TENANT_EXISTS',
  tenants_status_transition: 'INVALID_TRANSITION',
  tenants_platform_stays: 'INVALID_TRANSITION',
  tenants_custom_domain_key: 'DOMAIN_TAKEN',
  tenants_custom_domain_verified: 'DOMAIN_NOT_VERIFIED',
  tenant_domains_verified_key: 'DOMAIN_TAKEN',
  tenant_user_limit: 'USER_LIMIT_EXCEEDED',
  tenant_roles_name_key: 'ROLE_EXISTS',
  tenant_roles_rights_held: 'INSUFFICIENT_PERMISSIONS',
  tenant_roles_holders: 'INSUFFICIENT_PERMISSIONS',
  users_tenant_email_key: 'USER_EXISTS',
  users_last_admin_stays: 'LAST_ADMIN',
  users_own_role_fixed: 'INSUFFICIENT_PERMISSIONS',
  users_own_password: 'INSUFFICIENT_PERMISSIONS',
  users_platform_reserved: 'REGISTRATION_REFUSED',
  platform_tenant_reserved: 'INSUFFICIENT_PERMISSIONS',
  users_suspended_by_higher_role: 'INSUFFICIENT_PERMISSIONS',
  users_rights_held: 'INSUFFICIENT_PERMISSIONS',
  users_custom_role_fkey: 'ROLE_IN_USE',
  user_factors_limit: 'FACTOR_LIMIT_EXCEEDED',
  user_factors_credential_key: 'FACTOR_EXISTS',
  invites_open_email_key: 'INVITE_EXISTS',
  // The author of a row was deleted at the same time.
  users_created_by_fkey: 'TOKEN_REVOKED',
  invites_invited_by_fkey: 'TOKEN_REVOKED',
  invite_links_created_by_fkey: 'TOKEN_REVOKED',
  outgoing_mails_user_fkey: 'TOKEN_REVOKED',
  user_factors_user_fkey: 'TOKEN_REVOKED',
  recovery_codes_user_fkey: 'TOKEN_REVOKED',
  // The user was deleted during the login.
  user_sessions_user_fkey: 'INVALID_CREDENTIALS',
  login_challenges_user_fkey: 'INVALID_CREDENTIALS',
  remembered_devices_user_fkey: 'INVALID_CREDENTIALS',
};

export const toApiError = createErrorTranslator(CONSTRAINT_CODES);
