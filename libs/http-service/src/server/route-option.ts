import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

/** Adds an option to a route. Nest's `@RouteConfig()` would replace the options that other decorators set. */
export function RouteOption(option: Readonly<Record<string, unknown>>): MethodDecorator {
  return (_target, _property, descriptor) => {
    const handler = descriptor.value as object;
    const existing = Reflect.getOwnMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as
      object | undefined;
    Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...existing, ...option }, handler);
  };
}
