import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Principal } from '@poc-tracker/auth-kit';
import { currentRequest } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';
import { TENANT_PARAMETER } from './tenant-naming.js';
import { TenantResolver } from './tenant.resolver.js';
import { TENANTLESS } from './tenantless.decorator.js';

/**
 * Gives the request its tenant and, where there is one, its user: what the database is told before
 * its first statement. Stands after JwtAuthGuard, which finds the principal, and before
 * PolicyGuard.
 * @throws ApiError TENANT_REQUIRED, INVALID_TENANT, TENANT_MISMATCH, VALIDATION_ERROR.
 */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(
    private readonly resolver: TenantResolver,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    if (principal === undefined) return this.nameTenant(context, request);
    // Nearly every request: without a look-up there is nothing to wait for.
    const domain = this.resolver.assertHostAgrees(request, principal.tenant);
    if (domain !== undefined) return domain.then(() => enter(request, principal));
    return enter(request, principal);
  }

  private async nameTenant(context: ExecutionContext, request: FastifyRequest): Promise<boolean> {
    const tenantless = this.reflector.get<true | undefined>(TENANTLESS, context.getHandler());
    if (tenantless === undefined) {
      currentRequest().tenant = await this.resolver.resolve(request);
    }
    forgetParameter(request);
    return true;
  }
}

function enter(request: FastifyRequest, principal: Principal): true {
  const current = currentRequest();
  current.tenant = principal.tenant;
  current.user = { id: principal.userId, role: principal.role };
  forgetParameter(request);
  return true;
}

/** It has been read: the route behind, whose own parameters are checked strictly, need not know it. */
function forgetParameter(request: FastifyRequest): void {
  const query = request.query as Record<string, unknown>;
  if (TENANT_PARAMETER in query) delete query[TENANT_PARAMETER];
}
