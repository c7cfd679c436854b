import { SetMetadata } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import { RATE_LIMIT_EXTENSION } from '@poc-tracker/http-service';
import type { RouteGroup } from './rule-catalogue.js';

/** Metadata key of a handler's group of rules. */
export const ROUTE_GROUP = 'poc-tracker:rate-limit';

/** Not limited: probes, which load balancers send. */
export const UNLIMITED = 'unlimited';

/** Limits a route by these rules. A route without it is limited as a read or a write, with or without a session. */
export function RateLimited(group: RouteGroup): MethodDecorator {
  return SetMetadata(ROUTE_GROUP, group);
}

/** For a controller of probes. Applies to each of its routes, inherited ones included: OpenAPI ignores inherited extensions of a class. */
export function Unlimited(): ClassDecorator {
  return ({ prototype }) => {
    const routes = prototype as Record<string, object>;
    for (const name of new MetadataScanner().getAllMethodNames(routes)) {
      const value = routes[name];
      if (value === undefined) continue;
      const descriptor = { value };
      SetMetadata(ROUTE_GROUP, UNLIMITED)(routes, name, descriptor);
      ApiExtension(RATE_LIMIT_EXTENSION, UNLIMITED)(routes, name, descriptor);
    }
  };
}
