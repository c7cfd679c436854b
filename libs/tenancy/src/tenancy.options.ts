import type { FactoryProvider } from '@nestjs/common';
import type { TenantLookup } from './resolution/tenant-lookup.js';
import type { TenantNaming } from './resolution/tenant-naming.js';
import type { TenantPoolOptions } from './transaction/tenant-pool.js';

export interface TenancyOptions extends TenantPoolOptions {
  /** URL of the operators' login. If it is set, PlatformDatabase is provided. */
  platformUrl?: string | undefined;
  /** How requests name their tenant. By default only as a subdomain of localhost or by id. */
  naming?: TenantNaming;
  /** How the tenant of a request is found. By default by a query for each request. */
  lookup?: Pick<FactoryProvider<TenantLookup>, 'inject' | 'useFactory'>;
  /** The login of `serviceUrl`, whose rights are checked. Default 'service'. */
  login?: 'service' | 'tracker';
}

export const TENANCY_OPTIONS = Symbol('TENANCY_OPTIONS');
