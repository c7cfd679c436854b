import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

/** Sets one option of a route beside those that other decorators set; Nest's `@RouteConfig()` would replace them. */
export function RouteOption(option: Readonly<Record<string, unknown>>): MethodDecorator {
  return (_target, _property, descriptor) => {
    const handler = descriptor.value as object;
    const stated = Reflect.getOwnMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as
      object | undefined;
    Reflect.defineMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...stated, ...option }, handler);
  };
}
