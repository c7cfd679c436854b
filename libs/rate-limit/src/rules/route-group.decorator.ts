import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { RATE_LIMIT_EXTENSION } from '@poc-tracker/http-service';
import type { RouteGroup } from './rule-catalogue.js';

/** Metadata key of a handler's group of rules. */
export const ROUTE_GROUP = 'poc-tracker:rate-limit';

/** Not limited: probes, which load balancers send, and streams, which are one request for hours. */
export const UNLIMITED = 'unlimited';

/** Limits a route by these rules. A route without it is limited as a read or a write, with or without a session. */
export function RateLimited(group: RouteGroup): MethodDecorator {
  return SetMetadata(ROUTE_GROUP, group);
}

/** For probes and streams only: a route, or all routes of a controller. */
export function Unlimited(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata(ROUTE_GROUP, UNLIMITED),
    ApiExtension(RATE_LIMIT_EXTENSION, UNLIMITED),
  );
}
