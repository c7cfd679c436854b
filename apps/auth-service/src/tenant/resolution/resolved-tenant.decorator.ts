import { createParamDecorator } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import { currentRequest } from '@poc-tracker/tenancy';

/**
 * The tenant of the request as a parameter of the handler, also on `@Public()` routes.
 * @throws ApiError TENANT_REQUIRED on a `@Tenantless()` route.
 */
export const ResolvedTenant = createParamDecorator((): TenantSnapshot => {
  const { tenant } = currentRequest();
  if (tenant === undefined) throw new ApiError('TENANT_REQUIRED');
  return tenant;
});
