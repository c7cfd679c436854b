import { isUuid } from '@poc-tracker/contracts';

const PREFIX = 'poc-tracker:';

/** Where Redis counts the tickets that it issues (see RedisClock). */
export const CLOCK_KEY = `${PREFIX}{cache-clock}`;

const CACHE_NAME = /^[a-z][a-z-]{0,31}$/;

/** Names of hosts have up to 253 characters. No braces, no whitespace, no glob characters. */
const KEY = /^[A-Za-z0-9_.:-]{1,255}$/;

/** @throws TypeError for another name than of 1 to 32 lower-case letters and hyphens. */
export function assertCacheName(name: string): void {
  if (!CACHE_NAME.test(name))
    throw new TypeError(`"${name}" is no name of a cache: use lower-case letters and hyphens.`);
}

/**
 * The key of a tenant's value. Neither the tenant nor the cache can be changed by what a key contains: the id of the tenant
 * has a fixed form, the cache's name has no colon, and the key has no brace.
 *
 * The braces are a hash tag. They matter only in a Redis Cluster, which this cache does not support: its pipelines use keys of
 * several slots. They keep a tenant's keys together for a later move.
 * @throws TypeError for an id that is not a lower-case UUID, or a key that is empty, too long or has other characters than
 *   letters, digits, `_`, `.`, `:` and `-`.
 */
export function tenantKey(tenantId: string, cache: string, key: string): string {
  return `${tenantPrefix(tenantId)}${cache}:${validKey(key)}`;
}

/** The key of the tenant's generation. No value has this key, because those contain the name of a cache and a colon. */
export function generationKey(tenantId: string): string {
  return `${tenantPrefix(tenantId)}generation`;
}

/**
 * The key of a value that is found without its tenant.
 * @param kind what the key names. Only the key comes from a caller, and only it is validated.
 * @throws TypeError for an invalid key, as {@link tenantKey} does.
 */
export function sharedKey(kind: string, key: string): string {
  return `${sharedPrefix(kind)}${validKey(key)}`;
}

/** What the keys of a kind begin with. */
export function sharedPrefix(kind: string): string {
  return `${PREFIX}${kind}:`;
}

/** @throws TypeError for an id that is not a lower-case UUID. */
export function assertTenantId(tenantId: string): void {
  if (!isUuid(tenantId)) throw new TypeError('The id of the tenant is not a lower-case UUID.');
}

function tenantPrefix(tenantId: string): string {
  assertTenantId(tenantId);
  return `${PREFIX}mt:{${tenantId}}:`;
}

function validKey(key: string): string {
  if (!KEY.test(key))
    throw new TypeError('A key has 1 to 255 letters, digits, "_", ".", ":" and "-".');
  return key;
}
