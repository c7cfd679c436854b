import { isIP } from 'node:net';
import { ApiError, PLATFORM_SUBDOMAIN, RESERVED_SUBDOMAINS } from '@poc-tracker/contracts';

/** By what a request names a tenant. */
export type TenantReference = { subdomain: string } | { domain: string } | { id: string };

/** The header that names a tenant by its id. */
export const TENANT_HEADER = 'x-tenant-id';

/** The query parameter that names a tenant by its id. */
export const TENANT_PARAMETER = 'tenant_id';

/** How a service is told its tenants by name. */
export interface TenantNaming {
  /** Tenants answer at `<subdomain>.<base domain>`. */
  baseDomain: string;
  /** Subdomain of the tenant of requests that name none. */
  defaultTenant: string | undefined;
}

/** Where a request without a verified token may name its tenant. */
export interface TenantNames {
  /** As the client sent it, port included; empty when it sent none. */
  host: string;
  header: unknown;
  query: unknown;
}

/** Names under which every machine finds itself, for trying the service out (RFC 6761, 6.3). */
const LOCAL_DOMAIN = 'localhost';

const HOST_NAME = /^(?<name>[a-z0-9_.-]{1,254}?)\.?(:\d*)?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The tenants that a request without a verified token names, best first: by its host, the header,
 * the query, the default. Only one named by a whole domain may prove unknown and leave the word to
 * the next: any name may point here, a subdomain is ours. A token, where there is one, comes before
 * all of them and is the guard's.
 * @throws ApiError VALIDATION_ERROR when header or parameter is malformed, also where the host
 *   decides.
 */
export function namedTenants(
  { host, header, query }: TenantNames,
  { baseDomain, defaultTenant }: TenantNaming,
): TenantReference[] {
  const id = statedTenantId({ header, query });
  const byHost = tenantOfHostName(host, baseDomain);
  const named: TenantReference[] = byHost === undefined ? [] : [byHost];
  if (byHost !== undefined && 'subdomain' in byHost) return named;
  if (id !== undefined) return [...named, { id }];
  return defaultTenant === undefined ? named : [...named, { subdomain: defaultTenant }];
}

/**
 * The tenant that a host may stand for: `<subdomain>.<base domain>`, `<subdomain>.localhost`, or a
 * whole domain. The base domain itself, names that the product keeps for itself, deeper subdomains
 * and addresses name none.
 */
export function tenantOfHostName(
  host: string,
  baseDomain: string,
): Exclude<TenantReference, { id: string }> | undefined {
  const name = HOST_NAME.exec(host.toLowerCase())?.groups?.['name'];
  if (name === undefined || name === baseDomain || isIP(name) !== 0) return undefined;
  const parent = [baseDomain, LOCAL_DOMAIN].find((domain) => name.endsWith(`.${domain}`));
  if (parent === undefined) return name.includes('.') ? { domain: name } : undefined;
  const subdomain = name.slice(0, -parent.length - 1);
  // The one name that is kept back for a tenant, and not from one.
  if (subdomain === PLATFORM_SUBDOMAIN) return { subdomain };
  const isOurs =
    subdomain === '' ||
    subdomain.includes('.') ||
    RESERVED_SUBDOMAINS.some((kept) => kept === subdomain);
  return isOurs ? undefined : { subdomain };
}

/**
 * The id in the header, else that in the query. Node joins repeated headers with commas and Fastify
 * repeated parameters into a list, so neither passes for an id.
 * @throws ApiError VALIDATION_ERROR naming the one that is no single UUID.
 */
export function statedTenantId({ header, query }: Omit<TenantNames, 'host'>): string | undefined {
  const byHeader = readUuid(header, TENANT_HEADER);
  const byQuery = readUuid(query, TENANT_PARAMETER);
  return byHeader ?? byQuery;
}

function readUuid(value: unknown, field: string): string | undefined {
  if (value === undefined) return undefined;
  const id = typeof value === 'string' ? value.toLowerCase() : '';
  if (!UUID.test(id))
    throw ApiError.validation({ field, message: 'must be the id (UUID) of one tenant.' });
  return id;
}
