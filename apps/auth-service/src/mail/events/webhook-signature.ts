import { createHmac, timingSafeEqual } from 'node:crypto';

/** The headers of Standard Webhooks. */
export interface WebhookHeaders {
  id: string;
  timestamp: string;
  signature: string;
}

/** Seconds that the time of an event may differ from that of the service. */
const TOLERANCE_SECONDS = 300;

/** Signatures of one event: a provider that replaces its secret sends two. */
const MAX_SIGNATURES = 5;

/**
 * True if one of the signatures is that of the secret, and the time is near (Standard Webhooks 1.0.0, "Verifying webhook
 * authenticity"): HMAC-SHA-256 of `id.timestamp.body`.
 */
export function isGenuine(
  { id, timestamp, signature }: WebhookHeaders,
  body: Buffer,
  { secret, nowSeconds }: { secret: Buffer; nowSeconds: number },
): boolean {
  if (!/^[\w.-]{1,100}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Number(timestamp) - nowSeconds) > TOLERANCE_SECONDS) return false;
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest();
  return signature
    .split(' ', MAX_SIGNATURES)
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice('v1,'.length), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}
