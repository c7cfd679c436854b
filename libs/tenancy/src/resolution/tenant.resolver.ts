import { Inject, Injectable } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import { TENANCY_OPTIONS, type TenancyOptions } from '../tenancy.options.js';
import { TenantDatabase } from '../transaction/tenant-database.js';
import {
  namedTenants,
  statedTenantId,
  TENANT_HEADER,
  TENANT_PARAMETER,
  type TenantNames,
  type TenantNaming,
  tenantOfHostName,
  type TenantReference,
} from './tenant-naming.js';
import { type TenantRow, toTenantSnapshot } from './tenant-snapshot.js';

/** Without settings only `<subdomain>.localhost`, custom domains and ids name a tenant. */
const NO_NAMING: TenantNaming = { baseDomain: 'localhost', defaultTenant: undefined };

/**
 * What the resolver reads of a request. `host` is X-Forwarded-Host only behind a trusted proxy:
 * Fastify sees to that.
 */
export type NamingRequest = Pick<FastifyRequest, 'host' | 'headers' | 'query'> & {
  raw: { rawHeaders: string[] };
};

/** Finds the tenant that a request names. */
@Injectable()
export class TenantResolver {
  private readonly naming: TenantNaming;

  constructor(
    @Inject(TENANCY_OPTIONS) { naming = NO_NAMING }: Pick<TenancyOptions, 'naming'>,
    private readonly database: TenantDatabase,
  ) {
    this.naming = naming;
  }

  /**
   * The tenant that a request without a verified token is for.
   * @throws ApiError TENANT_REQUIRED, INVALID_TENANT (unknown, suspended and canceled alike),
   *   VALIDATION_ERROR.
   */
  async resolve(request: NamingRequest): Promise<TenantSnapshot> {
    for (const reference of namedTenants(namesOf(request), this.naming)) {
      const tenant = await this.findActive(reference);
      if (tenant !== undefined) return tenant;
    }
    throw new ApiError('TENANT_REQUIRED');
  }

  /**
   * Holds the host against the tenant of a verified token, access or refresh. Header and parameter
   * have no say beside one. Costs a look-up only when the host is a domain that is neither ours nor
   * the tenant's; without one there is no promise to wait for, and a refusal is thrown at once.
   * @throws ApiError TENANT_MISMATCH when the host names another tenant, VALIDATION_ERROR; at once or by rejection.
   */
  assertHostAgrees(request: NamingRequest, tenant: TenantSnapshot): undefined | Promise<undefined> {
    const names = namesOf(request);
    statedTenantId(names);
    const reference = tenantOfHostName(names.host, this.naming.baseDomain);
    if (reference === undefined) return undefined;
    if ('subdomain' in reference) {
      if (reference.subdomain !== tenant.subdomain) throw new ApiError('TENANT_MISMATCH');
      return undefined;
    }
    return reference.domain === tenant.customDomain?.toLowerCase()
      ? undefined
      : this.assertNobodysDomain(reference);
  }

  private async assertNobodysDomain(reference: TenantReference): Promise<undefined> {
    if ((await this.find(reference)) !== undefined) throw new ApiError('TENANT_MISMATCH');
    return undefined;
  }

  /**
   * An unknown domain names no tenant, since any domain may point here; an unknown subdomain or id
   * is refused.
   */
  private async findActive(reference: TenantReference): Promise<TenantSnapshot | undefined> {
    const tenant = await this.find(reference);
    if (tenant === undefined && 'domain' in reference) return undefined;
    if (tenant?.status !== 'active') throw new ApiError('INVALID_TENANT');
    return tenant;
  }

  private async find(reference: TenantReference): Promise<TenantSnapshot | undefined> {
    const { id, subdomain, domain }: { id?: string; subdomain?: string; domain?: string } =
      reference;
    const [row] = await this.database.lookup<TenantRow>(
      'SELECT * FROM resolve_tenant($1, $2, $3)',
      [id ?? null, subdomain ?? null, domain ?? null],
    );
    return row && toTenantSnapshot(row);
  }
}

/**
 * @throws ApiError VALIDATION_ERROR for a repeated Host: a proxy may have read the other one (RFC
 *   9112, 3.2).
 */
function namesOf({ host, headers, query, raw }: NamingRequest): TenantNames {
  const hosts = raw.rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.length === 4 && /^host$/i.test(name),
  );
  if (hosts.length > 1) throw ApiError.validation({ field: 'host', message: 'must be sent once.' });
  return {
    host,
    header: headers[TENANT_HEADER],
    query: (query as Record<string, unknown>)[TENANT_PARAMETER],
  };
}
