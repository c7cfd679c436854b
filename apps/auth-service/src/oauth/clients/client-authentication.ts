import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { readClientCredentials } from './client-credentials.js';
import { ClientVerifier, type ServiceClient } from './client.verifier.js';

/** What of a request tells which service sends it. */
export type ClientRequest = Pick<FastifyRequest, 'headers' | 'body'>;

/** Finds out which service sends a request that is no person's. */
@Injectable()
export class ClientAuthentication {
  constructor(private readonly clients: ClientVerifier) {}

  /** @throws ApiError INVALID_CLIENT, VALIDATION_ERROR. */
  async authenticate({ headers, body }: ClientRequest): Promise<ServiceClient> {
    const { id, secret } = readClientCredentials(headers.authorization, fieldsOf(body));
    return this.clients.verify(id, secret);
  }
}

/** The fields of a form or of a JSON object; what else was sent has none. */
export function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}
