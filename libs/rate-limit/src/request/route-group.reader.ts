import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ROUTE_POLICY, type RoutePolicy, SAFE_METHODS } from '@poc-tracker/auth-kit';
import type { FastifyRequest } from 'fastify';
import { ROUTE_GROUP, UNLIMITED } from '../rules/route-group.decorator.js';
import type { RouteGroup } from '../rules/rule-catalogue.js';

interface Declaration {
  group: RouteGroup | typeof UNLIMITED | undefined;
  isPublic: boolean;
}

/** Reads by which rules a route is limited. Cached per handler: two guards ask on every request. */
@Injectable()
export class RouteGroupReader {
  private readonly declarations = new WeakMap<object, Declaration>();

  constructor(private readonly reflector: Reflector) {}

  /** Undefined for a route without limits. */
  of(context: ExecutionContext): RouteGroup | undefined {
    const { group, isPublic } = this.declarationOf(context.getHandler());
    if (group === UNLIMITED) return undefined;
    if (group !== undefined) return group;
    const { method } = context.switchToHttp().getRequest<FastifyRequest>();
    const isRead = SAFE_METHODS.has(method);
    if (isPublic) return isRead ? 'publicReads' : 'publicWrites';
    return isRead ? 'reads' : 'writes';
  }

  private declarationOf(handler: ReturnType<ExecutionContext['getHandler']>): Declaration {
    let declaration = this.declarations.get(handler);
    if (declaration === undefined) {
      const policy = this.reflector.get<RoutePolicy | undefined>(ROUTE_POLICY, handler);
      declaration = {
        group: this.reflector.get<Declaration['group']>(ROUTE_GROUP, handler),
        isPublic: policy?.access === 'public',
      };
      this.declarations.set(handler, declaration);
    }
    return declaration;
  }
}
