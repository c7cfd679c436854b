import { Logger } from '@nestjs/common';
import { readBounded } from './bounded-response.js';
import type { IntrospectionResponse } from './introspection.js';
import type { IssuerClient } from './issuer-client.js';
import type { SessionClaims, SessionStatus, SessionStatusSource } from './session-status.js';

/** A request waits for it; the issuer answers in a few milliseconds or is in trouble. */
const TIMEOUT_MS = 5_000;

/** Asks the issuer over HTTP (RFC 7662). */
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

  /** @throws Error when the issuer cannot be asked, or does not know this client. */
  async ask({ session_id, sub, tenant_id }: SessionClaims): Promise<SessionStatus | undefined> {
    try {
      const answer = await this.send(new URLSearchParams({ session_id, sub, tenant_id }));
      return answer.active ? answer.standing : undefined;
    } catch (error) {
      this.logger.warn(`The issuer could not be asked: ${(error as Error).message}`);
      throw error;
    }
  }

  private async send(form: URLSearchParams): Promise<IntrospectionResponse> {
    const response = await this.request(this.url, {
      method: 'POST',
      headers: { authorization: this.authorization, accept: 'application/json' },
      body: form,
      // Our credentials are for the issuer alone.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await readBounded(response);
    if (response.status === 401)
      throw new Error('it refuses the client; check clientId and clientSecret.');
    if (response.status !== 200) throw new Error(`it answered ${response.status}.`);
    return toIntrospection(JSON.parse(text));
  }
}

/** HTTP Basic, each part form-encoded (RFC 6749, 2.3.1). */
export function basicAuthorization(clientId: string, clientSecret: string): string {
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':');
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** What is not plainly an answer must not pass for one that lets somebody in. */
function toIntrospection(value: unknown): IntrospectionResponse {
  const answer = (value ?? {}) as Partial<Record<'active' | 'standing', unknown>>;
  if (answer.active === false) return { active: false };
  if (answer.active === true && typeof answer.standing === 'object' && answer.standing !== null)
    return value as IntrospectionResponse;
  throw new Error('its answer is no introspection.');
}
