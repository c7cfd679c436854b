import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { readClientCredentials } from './client-credentials.js';
import { ClientVerifier, type ServiceClient } from './client.verifier.js';

/** The parts of a request that contain client credentials. */
export type ClientRequest = Pick<FastifyRequest, 'headers' | 'body'>;

/** Authenticates requests of services. */
@Injectable()
export class ClientAuthentication {
  constructor(private readonly clients: ClientVerifier) {}

  /** @throws ApiError INVALID_CLIENT, VALIDATION_ERROR. */
  async authenticate({ headers, body }: ClientRequest): Promise<ServiceClient> {
    const { id, secret } = readClientCredentials(headers.authorization, fieldsOf(body));
    return this.clients.verify(id, secret);
  }
}

/** The fields of a form; none without a body. A field without a value counts as omitted (RFC 6749, 3.1 and 3.2). */
export function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ''));
}
