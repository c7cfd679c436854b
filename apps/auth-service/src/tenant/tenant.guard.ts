import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import '@poc-tracker/auth-kit';
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

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    const current = currentRequest();
    if (principal !== undefined) {
      await this.resolver.assertHostAgrees(request, principal.tenant);
      current.tenant = principal.tenant;
      current.user = { id: principal.userId, role: principal.role };
    } else if (
      this.reflector.get<true | undefined>(TENANTLESS, context.getHandler()) === undefined
    ) {
      current.tenant = await this.resolver.resolve(request);
    }
    // It has been read: the route behind, whose own parameters are checked strictly, need not know
    // it.
    delete (request.query as Record<string, unknown>)[TENANT_PARAMETER];
    return true;
  }
}
