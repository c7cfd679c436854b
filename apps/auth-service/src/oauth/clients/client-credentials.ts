import { ApiError } from '@poc-tracker/contracts';

export interface ClientCredentials {
  /** In lower case, as the database returns UUIDs. */
  id: string;
  secret: string;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Reads client credentials from HTTP Basic, each part form-encoded, or from `client_id` and `client_secret` of the body
 * (RFC 6749, 2.3.1).
 * @throws ApiError INVALID_CLIENT without credentials, VALIDATION_ERROR if both are used.
 */
export function readClientCredentials(
  authorization: string | undefined,
  body: Readonly<Record<string, unknown>>,
): ClientCredentials {
  const { client_id: id, client_secret: secret } = body;
  if (authorization === undefined) {
    if (typeof id !== 'string' || typeof secret !== 'string') throw new ApiError('INVALID_CLIENT');
    return { id: id.toLowerCase(), secret };
  }
  if (secret !== undefined) {
    const message = 'must not be sent beside an Authorization header';
    throw ApiError.validation({ field: 'client_secret', message });
  }
  const basic = readBasic(authorization);
  if (basic === undefined || !isOmittedOrSame(id, basic.id)) throw new ApiError('INVALID_CLIENT');
  return basic;
}

function isOmittedOrSame(id: unknown, authenticated: string): boolean {
  return id === undefined || (typeof id === 'string' && id.toLowerCase() === authenticated);
}

function readBasic(authorization: string): ClientCredentials | undefined {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const id = decodeFormPart(text.slice(0, colon));
  const secret = decodeFormPart(text.slice(colon + 1));
  return id === undefined || secret === undefined ? undefined : { id: id.toLowerCase(), secret };
}

function decodeFormPart(part: string): string | undefined {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
