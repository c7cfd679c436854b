import { ApiError } from '@poc-tracker/contracts';
import type { PlatformTenantService } from '../../apps/auth-service/src/platform/tenants/platform-tenant.service.js';
import { type CliError, refusal } from './cli.error.js';

/** The id of a tenant that an argument names by its id or its subdomain. @throws CliError if there is none. */
export async function idOf(tenants: PlatformTenantService, name: string): Promise<string> {
  return tenants.findByIdOrSubdomain(name).catch((error: unknown) => {
    throw error instanceof ApiError && error.code === 'NOT_FOUND' ? unknownTenant(name) : error;
  });
}

export function unknownTenant(name: string): CliError {
  return refusal(`There is no tenant "${name}".`);
}
