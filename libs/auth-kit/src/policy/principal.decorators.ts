import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import type { AuthRequest } from './auth-request.js';
import type { Principal } from './principal.js';

/** @throws ApiError AUTH_REQUIRED on a `@Public()` route, which has no principal. */
function principalOf(context: ExecutionContext): Principal {
  const { principal } = context.switchToHttp().getRequest<AuthRequest>();
  if (principal === undefined) throw new ApiError('AUTH_REQUIRED');
  return principal;
}

/** The {@link Principal} of the request, as a handler's parameter. */
export const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal => principalOf(context),
);

/** The {@link TenantSnapshot} of the principal, as a handler's parameter. */
export const CurrentTenant = createParamDecorator(
  (_data: unknown, context: ExecutionContext): TenantSnapshot => principalOf(context).tenant,
);
