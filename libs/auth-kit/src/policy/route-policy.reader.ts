import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ROUTE_POLICY, type RoutePolicy } from './route-policy.js';

/**
 * Finds the policy that a route states; looked up once a handler, because both guards ask on every
 * request.
 */
@Injectable()
export class RoutePolicyReader {
  private readonly known = new WeakMap<object, RoutePolicy | 'none'>();

  constructor(private readonly reflector: Reflector) {}

  of(context: Pick<ExecutionContext, 'getHandler'>): RoutePolicy | undefined {
    const handler = context.getHandler();
    let policy = this.known.get(handler);
    if (policy === undefined) {
      policy = this.reflector.get<RoutePolicy | undefined>(ROUTE_POLICY, handler) ?? 'none';
      this.known.set(handler, policy);
    }
    return policy === 'none' ? undefined : policy;
  }
}
