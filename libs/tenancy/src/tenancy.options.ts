import type { TenantPoolOptions } from './tenant-pool.js';

export type TenancyOptions = TenantPoolOptions;

export const TENANCY_OPTIONS = Symbol('TENANCY_OPTIONS');
