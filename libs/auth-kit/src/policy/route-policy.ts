import 'reflect-metadata';
import type { Feature, Permission, Role } from '@poc-tracker/contracts';

/** What a route asks of a signed-in person. All of it must hold; what is left out asks nothing. */
export interface Requirements {
  /** One of these roles. */
  roles?: readonly Role[];
  /** All of these permissions. */
  permissions?: readonly Permission[];
  /** All of these features of the tenant. */
  features?: readonly Feature[];
}

/** Who may call a route. A route without one is refused. */
export type RoutePolicy =
  | { access: 'public' }
  | { access: 'operator' }
  | ({ access: 'authenticated'; writesWhenReadOnly?: true } & Requirements);

/** Metadata key of a handler's {@link RoutePolicy}. */
export const ROUTE_POLICY = 'poc-tracker:route-policy';

/**
 * Where @nestjs/swagger looks for a route's security schemes, and the name of the scheme for access tokens. Written as
 * its `@ApiBearerAuth()` would, so that a service without OpenAPI documents need not install it.
 */
const SWAGGER_SECURITY = 'swagger/apiSecurity';
const BEARER_SCHEME = 'bearer';

type AtLeastOne<T> = readonly [T, ...T[]];

/** Opens the route to everybody; a token that is sent all the same is not looked at. */
export function Public(): MethodDecorator {
  return (_target, property, descriptor) => {
    if (statedPolicy(descriptor) !== undefined) throw contradiction(property);
    Reflect.defineMetadata(ROUTE_POLICY, { access: 'public' }, handlerOf(descriptor));
  };
}

/** Asks for a signed-in person and nothing more. */
export function Authenticated(): MethodDecorator {
  return requiring({});
}

/**
 * Asks for an operator of the platform: an admin of the reserved tenant. Such a route belongs to no
 * tenant.
 */
export function OperatorsOnly(): MethodDecorator {
  return (_target, property, descriptor) => {
    if (statedPolicy(descriptor) !== undefined) throw contradiction(property);
    Reflect.defineMetadata(ROUTE_POLICY, { access: 'operator' }, handlerOf(descriptor));
    documentBearer(descriptor);
  };
}

/**
 * Keeps a changing route open after the tenant's subscription has ended: what people need to leave
 * in good order, such as ending their sessions, or to keep out whoever has got hold of an account.
 */
export function WritesWhenReadOnly(): MethodDecorator {
  return requiring({ writesWhenReadOnly: true });
}

/** Asks for one of these roles, each named: a higher role is not taken for a lower one. */
export function Roles(...roles: AtLeastOne<Role>): MethodDecorator {
  return requiring({ roles });
}

/** Asks for all of these permissions. Role admin has every one. */
export function Permissions(...permissions: AtLeastOne<Permission>): MethodDecorator {
  return requiring({ permissions });
}

/** Asks that the tenant has all of these features, by its plan or its own row. */
export function RequireFeature(...features: AtLeastOne<Feature>): MethodDecorator {
  return requiring({ features });
}

/**
 * The decorators stand on methods only. On a class, a `@Public()` would open every route that
 * somebody adds to it later.
 */
function requiring(requirements: Requirements & { writesWhenReadOnly?: true }): MethodDecorator {
  return (_target, property, descriptor) => {
    const stated = statedPolicy(descriptor);
    if (stated !== undefined && stated.access !== 'authenticated') throw contradiction(property);
    const repeated = Object.keys(requirements).find((kind) => stated && kind in stated);
    if (repeated !== undefined)
      throw new Error(`The route ${String(property)} states its ${repeated} twice.`);
    const policy: RoutePolicy = { access: 'authenticated', ...stated, ...requirements };
    Reflect.defineMetadata(ROUTE_POLICY, policy, handlerOf(descriptor));
    if (stated === undefined) documentBearer(descriptor);
  };
}

function documentBearer(descriptor: PropertyDescriptor): void {
  const handler = handlerOf(descriptor);
  const schemes = (Reflect.getMetadata(SWAGGER_SECURITY, handler) ?? []) as object[];
  Reflect.defineMetadata(SWAGGER_SECURITY, [...schemes, { [BEARER_SCHEME]: [] }], handler);
}

function statedPolicy(descriptor: PropertyDescriptor): RoutePolicy | undefined {
  return Reflect.getOwnMetadata(ROUTE_POLICY, handlerOf(descriptor)) as RoutePolicy | undefined;
}

function handlerOf(descriptor: PropertyDescriptor): object {
  return descriptor.value as object;
}

function contradiction(property: string | symbol): Error {
  return new Error(
    `The route ${String(property)} is @Public() or @OperatorsOnly() and states more than that; take one of the two away.`,
  );
}
