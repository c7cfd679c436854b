import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ROUTE_POLICY, type RoutePolicy } from './route-policy.js';

/** Reads the policy of a route. It is cached per handler, because both guards read it on every request. */
@Injectable()
export class RoutePolicyReader {
  private readonly policies = new WeakMap<object, RoutePolicy | 'none'>();

  constructor(private readonly reflector: Reflector) {}

  of(context: Pick<ExecutionContext, 'getHandler'>): RoutePolicy | undefined {
    const handler = context.getHandler();
    let policy = this.policies.get(handler);
    if (policy === undefined) {
      policy = this.reflector.get<RoutePolicy | undefined>(ROUTE_POLICY, handler) ?? 'none';
      this.policies.set(handler, policy);
    }
    return policy === 'none' ? undefined : policy;
  }
}
