import { type Principal, SAFE_METHODS } from '@poc-tracker/auth-kit';
import { currentRequest, findCurrentRequest, type RequestContext } from '@poc-tracker/tenancy';
import type { FastifyInstance } from 'fastify';

/** A device that has logged in to an account. */
export interface KnownDevice {
  readonly tenantId: string;
  readonly userId: string;
  readonly deviceId: string;
  /** A keyed hash of the address with which the account logged in. Only a cookie has it. */
  readonly account?: string | undefined;
}

/** The devices that a request has proved to be. */
const devicesOf = new WeakMap<RequestContext, readonly KnownDevice[]>();

/**
 * Adds the device of a valid cookie to the request. Only to requests that may present a secret: the others are the most
 * frequent ones.
 */
export function registerDeviceCookies(
  fastify: Pick<FastifyInstance, 'addHook'>,
  cookies: { read(header: string): KnownDevice | undefined },
): void {
  fastify.addHook('preHandler', ({ method, headers: { cookie } }, _reply, done) => {
    const device =
      cookie === undefined || SAFE_METHODS.has(method) ? undefined : cookies.read(cookie);
    if (device !== undefined) addKnownDevice(device);
    done();
  });
}

/** Adds the device of a valid session to the request, also on a public route, where it grants nothing. */
export function addSessionDevice(
  method: string,
  { tenantId, userId, sessionId }: Pick<Principal, 'tenantId' | 'userId' | 'sessionId'>,
): void {
  if (!SAFE_METHODS.has(method)) addKnownDevice({ tenantId, userId, deviceId: sessionId });
}

/** The device that makes the current request, if it is known to this account. */
export function knownDevice(tenantId: string, userId: string): KnownDevice | undefined {
  const request = findCurrentRequest();
  const devices = request && devicesOf.get(request);
  return devices?.find((known) => known.tenantId === tenantId && known.userId === userId);
}

/** The device that makes the current request, if its cookie was set for an account with this address, in whichever tenant. */
export function deviceOfAddress(account: string): KnownDevice | undefined {
  const request = findCurrentRequest();
  return request && devicesOf.get(request)?.find((known) => known.account === account);
}

/** Adds a device that the request is about to become known as. */
export function addKnownDevice(device: KnownDevice): void {
  const request = currentRequest();
  devicesOf.set(request, [...(devicesOf.get(request) ?? []), device]);
}
