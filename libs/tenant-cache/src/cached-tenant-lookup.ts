import {
  COUNTRY_POLICIES,
  type CountryPolicy,
  FEATURES,
  isCountryList,
  isUuid,
  LIMITS,
  PLATFORM_SUBDOMAIN,
  PLANS,
  type RateLimitOverrides,
  TENANT_STATUSES,
  type TenantSnapshot,
} from '@poc-tracker/contracts';
import type { TenantLookup, TenantReference } from '@poc-tracker/tenancy';
import { sharedKey, sharedPrefix } from './cache-keys.js';
import type { CacheStore } from './cache-store.js';
import type { TwoLevelCache } from './two-level-cache.js';

/**
 * Finds tenants by id, subdomain or domain, and caches what it finds. A tenant that does not exist is cached in memory only
 * and for seconds, so that requests for unknown names neither reach the database each time nor fill Redis.
 */
export class CachedTenantLookup implements TenantLookup {
  private readonly cache: TwoLevelCache<TenantSnapshot | null>;

  constructor(
    private readonly source: TenantLookup,
    store: CacheStore,
  ) {
    this.cache = store.declareShared<TenantSnapshot | null>('tenant', {
      parse: parseTenant,
      tenantOf: (tenant) => tenant?.id,
    });
  }

  async find(reference: TenantReference): Promise<TenantSnapshot | undefined> {
    const key = keyOf(reference);
    const found = await this.cache.getMany(
      [key],
      undefined,
      async () => new Map([[key, (await this.source.find(reference)) ?? null]]),
    );
    return found.get(key) ?? undefined;
  }
}

function keyOf(reference: TenantReference): string {
  if ('id' in reference) return sharedKey('tenant', reference.id);
  if ('subdomain' in reference) return sharedKey('tenant:subdomain', reference.subdomain);
  return sharedKey('tenant:domain', reference.domain);
}

/** The tenant that Redis holds, if every field has its type and it is the tenant of the key. Unknown fields are dropped. */
function parseTenant(value: unknown, key: string): TenantSnapshot | undefined {
  if (!isRecord(value)) return undefined;
  const { id, name, subdomain, customDomain, plan, status, subscriptionEndsAt, isPlatform } = value;
  const features = parseFields(value['features'], FEATURES, isBoolean);
  const limits = parseFields(value['limits'], LIMITS, isInteger);
  if (typeof id !== 'string' || !isUuid(id)) return undefined;
  if (typeof name !== 'string' || typeof subdomain !== 'string') return undefined;
  if (!namesTenant(key, id, subdomain)) return undefined;
  if (customDomain !== null && typeof customDomain !== 'string') return undefined;
  if (!isOneOf(PLANS, plan) || !isOneOf(TENANT_STATUSES, status)) return undefined;
  if (features === undefined || limits === undefined) return undefined;
  if (subscriptionEndsAt !== null && !isTime(subscriptionEndsAt)) return undefined;
  if (!isBoolean(isPlatform) || isPlatform !== (subdomain === PLATFORM_SUBDOMAIN)) return undefined;
  const { rateLimits, countries } = value;
  if (rateLimits !== undefined && !isRateLimits(rateLimits)) return undefined;
  if (countries !== undefined && !isCountryPolicy(countries)) return undefined;
  const names = { id, name, subdomain, customDomain };
  const tenant = { ...names, plan, status, features, limits, subscriptionEndsAt, isPlatform };
  return {
    ...tenant,
    ...(rateLimits !== undefined && { rateLimits }),
    ...(countries !== undefined && { countries }),
  };
}

/**
 * A value under the key of another tenant would lead its users there. Which domains a tenant has is not part of the value, so
 * a domain's key is not compared.
 */
function namesTenant(key: string, id: string, subdomain: string): boolean {
  return (
    key === keyOf({ id }) ||
    key === `${sharedPrefix('tenant:subdomain')}${subdomain}` ||
    key.startsWith(sharedPrefix('tenant:domain'))
  );
}

function parseFields<Name extends string, V>(
  value: unknown,
  names: readonly Name[],
  isValid: (field: unknown) => field is V,
): Record<Name, V> | undefined {
  if (!isRecord(value)) return undefined;
  const fields: Partial<Record<Name, V>> = {};
  for (const name of names) {
    const field = value[name];
    if (!isValid(field)) return undefined;
    fields[name] = field;
  }
  return fields as Record<Name, V>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRateLimits(value: unknown): value is RateLimitOverrides {
  return (
    isRecord(value) &&
    isRecord(value['rules']) &&
    Object.values(value['rules']).every(isString) &&
    isStrings(value['shadow'])
  );
}

function isCountryPolicy(value: unknown): value is CountryPolicy {
  return (
    isRecord(value) &&
    value['mode'] !== 'off' &&
    isOneOf(COUNTRY_POLICIES, value['mode']) &&
    isCountryList(value['allowed']) &&
    isCountryList(value['denied'])
  );
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isString);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function isOneOf<V>(values: readonly V[], value: unknown): value is V {
  return values.some((known) => known === value);
}
