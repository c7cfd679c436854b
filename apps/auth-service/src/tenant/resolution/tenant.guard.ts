import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Principal, PrincipalFinder } from '@poc-tracker/auth-kit';
import {
  currentRequest,
  removeTenantParameter,
  setRequestPrincipal,
  TenantResolver,
} from '@poc-tracker/tenancy';
import type { FastifyRequest } from 'fastify';
import { addSessionDevice } from '../../protection/lockout/known-devices.js';
import { TENANTLESS } from './tenantless.decorator.js';

/**
 * Sets the tenant and the user of the request, from which its transaction is opened. It runs after JwtAuthGuard, which
 * authenticates the principal, and before PolicyGuard. On a public route, a valid token names the tenant and grants nothing.
 * @throws ApiError TENANT_REQUIRED, INVALID_TENANT, TENANT_MISMATCH, VALIDATION_ERROR.
 */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(
    private readonly resolver: TenantResolver,
    private readonly principals: PrincipalFinder,
    private readonly reflector: Reflector,
  ) {}

  /** Synchronous if there is no look-up to wait for: each promise costs time in every request. */
  canActivate(context: ExecutionContext): true | Promise<true> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request;
    if (principal === undefined) return this.resolveTenant(context, request);
    const pending = this.resolver.assertHostAgrees(request, principal.tenant);
    return pending === undefined
      ? setContext(request, principal)
      : pending.then(() => setContext(request, principal));
  }

  private async resolveTenant(context: ExecutionContext, request: FastifyRequest): Promise<true> {
    const current = currentRequest();
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<true | undefined>(TENANTLESS, places) === undefined) {
      const principal = await this.principals.find(request);
      current.tenant = await this.resolver.resolve(request, principal?.tenant);
      if (principal !== undefined) addSessionDevice(request.method, principal);
    }
    removeTenantParameter(request);
    return true;
  }
}

function setContext(request: FastifyRequest, principal: Principal): true {
  setRequestPrincipal(principal);
  addSessionDevice(request.method, principal);
  removeTenantParameter(request);
  return true;
}
