import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Principal } from '@poc-tracker/auth-kit';
import { currentRequest, TENANT_PARAMETER, TenantResolver } from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';
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

  /** Without a look-up to wait for it answers at once: every promise costs a request. */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    if (principal === undefined) return this.resolveTenant(context, request);
    const disagreement = this.resolver.assertHostAgrees(request, principal.tenant);
    return disagreement === undefined
      ? enter(request, principal)
      : disagreement.then(() => enter(request, principal));
  }

  private async resolveTenant(context: ExecutionContext, request: FastifyRequest): Promise<true> {
    const current = currentRequest();
    if (this.reflector.get<true | undefined>(TENANTLESS, context.getHandler()) === undefined)
      current.tenant = await this.resolver.resolve(request);
    return forgetParameter(request);
  }
}

function enter(request: FastifyRequest, principal: Principal): true {
  const current = currentRequest();
  current.tenant = principal.tenant;
  const { userId: id, role, permissions } = principal;
  current.user = { id, role, permissions };
  return forgetParameter(request);
}

/** It has been read: the route behind, whose own parameters are checked strictly, need not know it. */
function forgetParameter({ query }: Pick<FastifyRequest, 'query'>): true {
  const parameters = query as Record<string, unknown>;
  // Deleting makes an object slow to read, so only where there is something to delete.
  if (TENANT_PARAMETER in parameters) delete parameters[TENANT_PARAMETER];
  return true;
}
