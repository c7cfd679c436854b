import 'reflect-metadata';
import type { Feature, Permission, Role } from '@poc-tracker/contracts';

/** What a route requires of the principal. All of it must hold; an absent property requires nothing. */
export interface Requirements {
  /** One of these roles. */
  roles?: readonly Role[];
  /** All of these permissions. */
  permissions?: readonly Permission[];
  /** All of these features of the tenant. */
  features?: readonly Feature[];
}

/** Changes that are allowed where others are refused. */
interface Writes {
  writesWhenReadOnly?: true;
  writesOwnAccount?: true;
}

/** Who may call a route. A route without a policy is refused. */
export type RoutePolicy =
  | { access: 'public' }
  | { access: 'operator' }
  | ({ access: 'authenticated' } & Writes & Requirements);

/** Metadata key of a handler's {@link RoutePolicy}. */
export const ROUTE_POLICY = 'poc-tracker:route-policy';

/**
 * The metadata of `@ApiBearerAuth()` of @nestjs/swagger. It is set directly, so that a service without an OpenAPI document
 * need not install that package.
 */
const SWAGGER_SECURITY = 'swagger/apiSecurity';
const BEARER_SCHEME = 'bearer';

type AtLeastOne<T> = readonly [T, ...T[]];

/** Needs no token, and ignores one that is sent. */
export function Public(): MethodDecorator {
  return (_target, property, descriptor) => {
    if (statedPolicy(descriptor) !== undefined) throw contradiction(property);
    Reflect.defineMetadata(ROUTE_POLICY, { access: 'public' }, handlerOf(descriptor));
  };
}

/** Requires an authenticated user and nothing more. */
export function Authenticated(): MethodDecorator {
  return requiring({});
}

/** Requires an operator of the platform: an admin of the platform tenant. */
export function OperatorsOnly(): MethodDecorator {
  return (_target, property, descriptor) => {
    if (statedPolicy(descriptor) !== undefined) throw contradiction(property);
    Reflect.defineMetadata(ROUTE_POLICY, { access: 'operator' }, handlerOf(descriptor));
    documentBearer(descriptor);
  };
}

/**
 * Allows a change after the tenant's subscription has ended, for what users still need: to revoke their sessions, or to
 * secure a stolen account.
 */
export function WritesWhenReadOnly(): MethodDecorator {
  return requiring({ writesWhenReadOnly: true });
}

/**
 * Allows a change in the platform tenant, where all others are refused: one that operators make to their own account, such
 * as their profile, password and sessions.
 */
export function WritesOwnAccount(): MethodDecorator {
  return requiring({ writesOwnAccount: true });
}

/** Requires one of these roles. A higher role does not imply a lower one, so list each. */
export function Roles(...roles: AtLeastOne<Role>): MethodDecorator {
  return requiring({ roles });
}

/** Requires all of these permissions. The role admin has every permission. */
export function Permissions(...permissions: AtLeastOne<Permission>): MethodDecorator {
  return requiring({ permissions });
}

/** Requires that the tenant has all of these features, by its plan or its own overrides. */
export function RequireFeature(...features: AtLeastOne<Feature>): MethodDecorator {
  return requiring({ features });
}

/** The decorators apply to methods only: on a class, `@Public()` would open every route that is added later. */
function requiring(requirements: Requirements & Writes): MethodDecorator {
  return (_target, property, descriptor) => {
    const stated = statedPolicy(descriptor);
    if (stated !== undefined && stated.access !== 'authenticated') throw contradiction(property);
    const repeated = Object.keys(requirements).find((kind) => stated && kind in stated);
    if (repeated !== undefined)
      throw new Error(`The route ${String(property)} declares its ${repeated} twice.`);
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
    `The route ${String(property)} is @Public() or @OperatorsOnly() and has another policy as well; remove one of the two.`,
  );
}
