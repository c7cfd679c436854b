import type { TenantPoolOptions } from './tenant-pool.js';

export interface TenancyOptions extends TenantPoolOptions {
  /** URL of the operators' login. Nothing is done with it here, but a login that could do more must not be configured. */
  platformUrl?: string | undefined;
}

export const TENANCY_OPTIONS = Symbol('TENANCY_OPTIONS');
