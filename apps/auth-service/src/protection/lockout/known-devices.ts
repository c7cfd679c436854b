import { type Principal, SAFE_METHODS } from '@poc-tracker/auth-kit';
import { currentRequest, findCurrentRequest, type KnownDevice } from '@poc-tracker/tenancy';
import type { FastifyInstance } from 'fastify';
import type { DeviceCookies } from './device-cookies.js';

/**
 * Adds the device of a valid cookie to the request. Only to requests that may present a secret: the others are the most
 * frequent ones.
 */
export function registerDeviceCookies(
  fastify: Pick<FastifyInstance, 'addHook'>,
  cookies: Pick<DeviceCookies, 'read'>,
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

/** The device that makes the current request, if it is known to this account, or to any account of the tenant. */
export function knownDevice(tenantId: string, userId?: string): KnownDevice | undefined {
  return findCurrentRequest()?.devices?.find(
    (known) => known.tenantId === tenantId && (userId === undefined || known.userId === userId),
  );
}

function addKnownDevice(device: KnownDevice): void {
  const current = currentRequest();
  current.devices = [...(current.devices ?? []), device];
}
