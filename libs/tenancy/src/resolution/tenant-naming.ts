import { isIP } from 'node:net';
import { ApiError, isUuid, PLATFORM_SUBDOMAIN, RESERVED_SUBDOMAINS } from '@poc-tracker/contracts';

/** How a request names a tenant. */
export type TenantReference =
  { subdomain: string; isDefault?: true } | { domain: string } | { id: string };

/** The header that names a tenant by its id. */
export const TENANT_HEADER = 'x-tenant-id';

/** The query parameter that names a tenant by its id. */
export const TENANT_PARAMETER = 'tenant_id';

/** Settings for the names of tenants. */
export interface TenantNaming {
  /** The hosts of tenants are `<subdomain>.<base domain>`. */
  baseDomain: string;
  /** Subdomain of the tenant for requests that do not name one. */
  defaultTenant: string | undefined;
}

/** Where a request without a verified token may name its tenant. */
export interface TenantNames {
  /** As the client sent it, with the port; empty if it sent none. */
  host: string;
  header: unknown;
  query: unknown;
}

/** Resolves to the local machine, for trying the service out (RFC 6761, 6.3). */
const LOCAL_DOMAIN = 'localhost';

/** Labels of up to 63 characters (RFC 1035, 2.3.4), with or without the dot of the root and a port. */
const HOST_NAME = /^(?<name>(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63})\.?(?::\d*)?$/;

/** The longest name in DNS without the dot of the root (RFC 1035, 3.1: 255 bytes with the lengths of the labels). */
const MAX_NAME_LENGTH = 253;

/**
 * The tenants that a request without a verified token names, in order of precedence: host, header, query, default. Only a
 * custom domain falls back to the next one if it is unknown, because any domain may point to this service. A verified token
 * takes precedence over all of them, in the guard.
 * @throws ApiError VALIDATION_ERROR if the header or the parameter is malformed, even if the host takes precedence.
 */
export function namedTenants(
  { host, header, query }: TenantNames,
  { baseDomain, defaultTenant }: TenantNaming,
): TenantReference[] {
  const id = requestedTenantId({ header, query });
  const byHost = tenantOfHostName(host, baseDomain);
  const named: TenantReference[] = byHost === undefined ? [] : [byHost];
  if (byHost !== undefined && 'subdomain' in byHost) return named;
  if (id !== undefined) return [...named, { id }];
  return defaultTenant === undefined
    ? named
    : [...named, { subdomain: defaultTenant, isDefault: true }];
}

/**
 * The tenant that a host names: `<subdomain>.<base domain>`, `<subdomain>.localhost`, or a custom domain. The base domain,
 * reserved subdomains, deeper subdomains, IP addresses and names that are too long for DNS name none.
 */
export function tenantOfHostName(
  host: string,
  baseDomain: string,
): Exclude<TenantReference, { id: string }> | undefined {
  const name = HOST_NAME.exec(host.toLowerCase())?.groups?.['name'];
  if (name === undefined || name.length > MAX_NAME_LENGTH) return undefined;
  if (name === baseDomain || isIP(name) !== 0) return undefined;
  const parent = [baseDomain, LOCAL_DOMAIN].find((domain) => name.endsWith(`.${domain}`));
  if (parent === undefined) return name.includes('.') ? { domain: name } : undefined;
  const subdomain = name.slice(0, -parent.length - 1);
  // The one reserved subdomain that belongs to a tenant.
  if (subdomain === PLATFORM_SUBDOMAIN) return { subdomain };
  const isReserved =
    subdomain === '' || subdomain.includes('.') || RESERVED_SUBDOMAINS.has(subdomain);
  return isReserved ? undefined : { subdomain };
}

/**
 * The id in the header, or else in the query. Node joins repeated headers with commas and Fastify repeated parameters to a
 * list, so neither is a valid id.
 * @throws ApiError VALIDATION_ERROR that names the one that is not a single UUID.
 */
export function requestedTenantId({
  header,
  query,
}: Omit<TenantNames, 'host'>): string | undefined {
  const byHeader = readUuid(header, TENANT_HEADER);
  const byQuery = readUuid(query, TENANT_PARAMETER);
  return byHeader ?? byQuery;
}

/** Removes the parameter after it was read. Routes validate their query strictly and do not know it. */
export function removeTenantParameter({ query }: { readonly query: unknown }): void {
  const parameters = query as Record<string, unknown>;
  // `delete` makes an object slower to read, hence the check.
  if (TENANT_PARAMETER in parameters) delete parameters[TENANT_PARAMETER];
}

function readUuid(value: unknown, field: string): string | undefined {
  if (value === undefined) return undefined;
  const id = typeof value === 'string' ? value.toLowerCase() : '';
  if (!isUuid(id))
    throw ApiError.validation({ field, message: 'must be the id (UUID) of one tenant.' });
  return id;
}
