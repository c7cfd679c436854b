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

/** A proof of identity that must be recent. */
export interface Freshness {
  minutes: number;
  /** Whether it must include the second factor, for a user who has one. */
  factor: boolean;
}

/** What a route requires of the session, or allows in it, for every user. */
interface SessionConditions {
  fresh?: Freshness;
  beforeEnrollment?: true;
}

/** Who may call a route. A route without a policy is refused. */
export type RoutePolicy =
  | { access: 'public' }
  | ({ access: 'operator' } & SessionConditions)
  | ({ access: 'authenticated' } & SessionConditions & Writes & Requirements);

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
    if (statedPolicy(descriptor) !== undefined || conditionsOf.has(handlerOf(descriptor)))
      throw contradiction(property);
    definePolicy(descriptor, { access: 'public' });
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
    definePolicy(descriptor, { access: 'operator' });
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

/**
 * Requires that the user has proved their identity in the last minutes, by the log-in or at `POST /auth/step-up` of the issuer.
 * State it beside the policy of the route, in any order.
 * @param options.factor whether a user who has a second factor must have proved it. A step-up of such a user always does.
 * @throws ApiError STEP_UP_REQUIRED, from the guard.
 */
export function RequireFreshAuth({
  minutes,
  factor = false,
}: {
  minutes: number;
  factor?: boolean;
}): MethodDecorator {
  return withConditions({ fresh: { minutes, factor } });
}

/**
 * Allows a session that lacks the second factor that its tenant requires: for the routes by which a user enrolls one, proves
 * it, or leaves.
 */
export function AllowedBeforeEnrollment(): MethodDecorator {
  return withConditions({ beforeEnrollment: true });
}

/** Conditions of handlers, kept apart because they may be stated before the policy. They state none themselves. */
const conditionsOf = new WeakMap<object, SessionConditions>();

function withConditions(conditions: SessionConditions): MethodDecorator {
  return (_target, property, descriptor) => {
    const handler = handlerOf(descriptor);
    const stated = statedPolicy(descriptor);
    if (stated?.access === 'public') throw contradiction(property);
    const others = conditionsOf.get(handler);
    assertNotRepeated(property, others, conditions);
    conditionsOf.set(handler, { ...others, ...conditions });
    if (stated !== undefined) definePolicy(descriptor, stated);
  };
}

function definePolicy(descriptor: PropertyDescriptor, policy: RoutePolicy): void {
  const handler = handlerOf(descriptor);
  Reflect.defineMetadata(ROUTE_POLICY, { ...policy, ...conditionsOf.get(handler) }, handler);
}

/** The decorators apply to methods only: on a class, `@Public()` would open every route that is added later. */
function requiring(requirements: Requirements & Writes): MethodDecorator {
  return (_target, property, descriptor) => {
    const stated = statedPolicy(descriptor);
    if (stated !== undefined && stated.access !== 'authenticated') throw contradiction(property);
    assertNotRepeated(property, stated, requirements);
    const policy: RoutePolicy = { access: 'authenticated', ...stated, ...requirements };
    definePolicy(descriptor, policy);
    if (stated === undefined) documentBearer(descriptor);
  };
}

function assertNotRepeated(property: string | symbol, stated: object = {}, added: object): void {
  const repeated = Object.keys(added).find((kind) => kind in stated);
  if (repeated !== undefined)
    throw new Error(`The route ${String(property)} declares its ${repeated} twice.`);
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
