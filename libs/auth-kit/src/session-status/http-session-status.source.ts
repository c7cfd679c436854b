import { Logger } from '@nestjs/common';
import { basicAuthorization } from '../issuer/basic-authorization.js';
import { readBounded } from '../issuer/bounded-response.js';
import type { IssuerClient } from '../issuer/issuer-client.js';
import type { IntrospectionResponse } from './introspection.js';
import type { SessionClaims, SessionStatus, SessionStatusSource } from './session-status.js';

/** A request waits for the response, which normally takes a few milliseconds. */
const TIMEOUT_MS = 5_000;

/** Fetches the status from the issuer's introspection endpoint (RFC 7662). */
export class HttpSessionStatusSource implements SessionStatusSource {
  private readonly logger = new Logger(HttpSessionStatusSource.name);
  private readonly url: URL;
  private readonly authorization: string;

  constructor(
    { issuerUrl, clientId, clientSecret }: IssuerClient,
    private readonly request: typeof fetch = fetch,
  ) {
    this.url = new URL('/api/v1/oauth/introspect', issuerUrl);
    this.authorization = basicAuthorization(clientId, clientSecret);
  }

  /** @throws Error if the issuer is unavailable or refuses the client. */
  async fetch({ session_id, sub, tenant_id }: SessionClaims): Promise<SessionStatus | undefined> {
    try {
      const response = await this.introspect(new URLSearchParams({ session_id, sub, tenant_id }));
      return response.active ? response.session_status : undefined;
    } catch (error) {
      this.logger.warn(
        `The session status could not be fetched from the issuer: ${(error as Error).message}`,
      );
      throw error;
    }
  }

  private async introspect(form: URLSearchParams): Promise<IntrospectionResponse> {
    const response = await this.request(this.url, {
      method: 'POST',
      headers: { authorization: this.authorization, accept: 'application/json' },
      body: form,
      // A redirect would send the credentials to another server.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await readBounded(response);
    if (response.status === 401)
      throw new Error('it refuses the client; check clientId and clientSecret.');
    if (response.status !== 200) throw new Error(`it responded ${response.status}.`);
    return toIntrospection(JSON.parse(text));
  }
}

/** A response that is not clearly an introspection must not authenticate a request. */
function toIntrospection(value: unknown): IntrospectionResponse {
  const response = (value ?? {}) as Partial<Record<'active' | 'session_status', unknown>>;
  if (response.active === false) return { active: false };
  if (
    response.active === true &&
    typeof response.session_status === 'object' &&
    response.session_status !== null
  )
    return value as IntrospectionResponse;
  throw new Error('its response is not a token introspection.');
}
