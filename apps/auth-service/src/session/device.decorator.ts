import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isIP } from 'node:net';

/** Where a request came from, as the person sees it in the list of their sessions. */
export interface Device {
  ipAddress: string | null;
  userAgent: string | null;
}

/** What a client tells of itself; kept as it was at log-in. */
export interface DeviceInfo {
  deviceId?: string;
}

/** Longest user agent that is kept: real ones stay below, and a header may be 16 KiB of anything. */
const MAX_USER_AGENT_LENGTH = 512;

/**
 * Reads the device from a request. Behind a trusted proxy `request.ip` is whatever the client wrote into
 * X-Forwarded-For, and text that is no address would fail the INET column: such an address is left out.
 */
export function deviceOf(request: Pick<FastifyRequest, 'ip' | 'headers'>): Device {
  const address = request.ip.split('%', 1)[0] ?? '';
  const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH);
  return { ipAddress: isIP(address) === 0 ? null : address, userAgent: userAgent || null };
}

/** The {@link Device} of the current request, as a handler's parameter. */
export const CurrentDevice = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Device =>
    deviceOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
