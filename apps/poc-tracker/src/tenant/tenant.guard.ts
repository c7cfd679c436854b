import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { removeTenantParameter, setRequestPrincipal, TenantResolver } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';

/**
 * Sets the tenant and the user of the database transaction from the token. The host must not name another tenant. Public
 * routes resolve their tenant themselves. Runs after JwtAuthGuard and before PolicyGuard.
 * @throws ApiError TENANT_MISMATCH, VALIDATION_ERROR.
 */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(private readonly resolver: TenantResolver) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    if (principal === undefined) return true;
    await this.resolver.assertHostAgrees(request, principal.tenant);
    setRequestPrincipal(principal);
    removeTenantParameter(request);
    return true;
  }
}
