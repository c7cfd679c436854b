import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { kindOf, ROUTE_GROUPS } from '../rules/rule-catalogue.js';
import { RateLimitSubjects } from './rate-limit-subjects.js';
import { refusalKey, RefusedRequests } from './refused-requests.js';
import { RouteGroupReader } from './route-group.reader.js';

/**
 * Repeats a refusal of the last seconds before anything is looked up: no token is verified, no tenant is resolved, and
 * neither Redis nor PostgreSQL is asked. It is the first guard.
 * @throws ApiError RATE_LIMIT_EXCEEDED.
 */
@Injectable()
export class RefusedRequestGuard implements CanActivate {
  constructor(
    private readonly groups: RouteGroupReader,
    private readonly subjects: RateLimitSubjects,
    private readonly refused: RefusedRequests,
  ) {}

  canActivate(context: ExecutionContext): true {
    if (this.refused.isEmpty()) return true;
    const group = this.groups.of(context);
    if (group === undefined) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const source = this.subjects.sourceIn(request, group);
    for (const rule of ROUTE_GROUPS[group]) {
      // Whether the tenant has set a limit by address is not known yet.
      for (const perTenant of kindOf(rule) === 'ip' ? [false, true] : [false]) {
        const refusal = this.refused.find(refusalKey(rule, request, source, perTenant));
        if (refusal !== undefined)
          this.refused.refuse(refusal, request, http.getResponse<FastifyReply>());
      }
    }
    return true;
  }
}
