import type { TenantNaming } from './resolution/tenant-naming.js';
import type { TenantPoolOptions } from './transaction/tenant-pool.js';

export interface TenancyOptions extends TenantPoolOptions {
  /** URL of the operators' login. With it there is a PlatformDatabase; a sibling service has none. */
  platformUrl?: string | undefined;
  /** How requests name their tenant. Left out, only below localhost and by id. */
  naming?: TenantNaming;
  /** Whose login `serviceUrl` is, and what it is proved to be. Default 'service'. */
  login?: 'service' | 'tracker';
}

export const TENANCY_OPTIONS = Symbol('TENANCY_OPTIONS');
