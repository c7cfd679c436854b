import type { Ticket } from './redis-clock.js';

/** What a value in Redis says about itself. */
export interface StoredValue {
  /** The database of the process that loaded it. */
  readonly source: string;
  /** Issued before the load. */
  readonly ticket: Ticket;
  /** Of the tenant when the load began; null for a key without a tenant. */
  readonly generation: string | null;
  readonly value: unknown;
}

/** Changes with the form of what is stored, so that two releases do not read each other's values. */
const FORMAT = 1;

/** Of UTF-8. Larger values stay in memory, and what is larger in Redis is not read to its end. */
export const MAX_STORED_BYTES = 256 * 1024;

/** @param valueText the value as JSON. */
export function formatStoredValue(
  { source, ticket, generation }: Omit<StoredValue, 'value'>,
  valueText: string,
): string {
  const head = JSON.stringify([FORMAT, source, ticket.issuer, ticket.number, generation]);
  return `${head.slice(0, -1)},${valueText}]`;
}

/** @returns undefined for anything else than what {@link formatStoredValue} writes: others can write to Redis as well. */
export function parseStoredValue(text: unknown): StoredValue | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed) || parsed.length !== 6) return undefined;
  const [format, source, issuer, number, generation, value] = parsed as unknown[];
  if (format !== FORMAT || typeof source !== 'string' || typeof issuer !== 'string')
    return undefined;
  if (!Number.isSafeInteger(number)) return undefined;
  if (generation !== null && typeof generation !== 'string') return undefined;
  return { source, ticket: { issuer, number: number as number }, generation, value };
}
