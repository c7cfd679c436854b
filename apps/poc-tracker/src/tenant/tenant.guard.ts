import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { currentRequest, TENANT_PARAMETER, TenantResolver } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';

/**
 * Tells the database for whom a request is: the tenant of the token, which the host may not contradict. A public route
 * finds its tenant itself. Stands after JwtAuthGuard and before PolicyGuard.
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
    const current = currentRequest();
    current.tenant = principal.tenant;
    const { userId: id, role, permissions } = principal;
    current.user = { id, role, permissions };
    // It has been read: the route behind, whose own parameters are checked strictly, need not know it.
    delete (request.query as Record<string, unknown>)[TENANT_PARAMETER];
    return true;
  }
}
