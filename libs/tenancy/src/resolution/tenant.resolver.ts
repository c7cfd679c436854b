import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ApiError, type TenantSnapshot } from '@poc-tracker/contracts';
import type { FastifyRequest } from 'fastify';
import { TENANCY_OPTIONS, type TenancyOptions } from '../tenancy.options.js';
import { TenantLookup } from './tenant-lookup.js';
import {
  namedTenants,
  requestedTenantId,
  TENANT_HEADER,
  TENANT_PARAMETER,
  type TenantNames,
  type TenantNaming,
  tenantOfHostName,
  type TenantReference,
} from './tenant-naming.js';

/** Without settings only `<subdomain>.localhost`, custom domains and ids name a tenant. */
const NO_NAMING: TenantNaming = { baseDomain: 'localhost', defaultTenant: undefined };

/**
 * The parts of a request that name a tenant. Fastify sets `host` to X-Forwarded-Host only behind a trusted proxy. The server
 * has refused a repeated Host header: `refuseUnclearHosts` in libs/http-service.
 */
export type NamingRequest = Pick<FastifyRequest, 'host' | 'headers' | 'query'>;

/** Finds the tenant that a request names. */
@Injectable()
export class TenantResolver implements OnApplicationBootstrap {
  private readonly naming: TenantNaming;

  constructor(
    @Inject(TENANCY_OPTIONS) { naming = NO_NAMING }: Pick<TenancyOptions, 'naming'>,
    private readonly lookup: TenantLookup,
  ) {
    this.naming = naming;
  }

  /** Warns of a default tenant that does not exist: every request that relies on it will be refused. */
  async onApplicationBootstrap(): Promise<void> {
    const { defaultTenant } = this.naming;
    if (defaultTenant === undefined) return;
    const tenant = await this.lookup.find({ subdomain: defaultTenant });
    if (tenant?.status === 'active') return;
    const found = tenant === undefined ? 'which does not exist' : `which is ${tenant.status}`;
    new Logger(TenantResolver.name).warn(
      `DEFAULT_TENANT is "${defaultTenant}", ${found}. Requests that name no tenant are refused.`,
    );
  }

  /**
   * The tenant of a request to a public route.
   * @param ofToken the tenant of a valid access token, which takes precedence over what the request names otherwise.
   * @throws ApiError TENANT_REQUIRED, INVALID_TENANT (unknown, suspended or canceled), VALIDATION_ERROR, and TENANT_MISMATCH
   *   if the host names another tenant than the token.
   */
  async resolve(request: NamingRequest, ofToken?: TenantSnapshot): Promise<TenantSnapshot> {
    if (ofToken !== undefined) {
      await this.assertHostAgrees(request, ofToken);
      return ofToken;
    }
    for (const reference of namedTenants(namesOf(request), this.naming)) {
      const tenant = await this.findActive(reference);
      if (tenant !== undefined) return tenant;
    }
    throw new ApiError('TENANT_REQUIRED');
  }

  /**
   * Checks the host against the tenant of a verified access or refresh token. The header and the parameter are ignored. Only
   * a domain other than the tenant's custom domain needs a query; otherwise there is no promise, and errors are thrown
   * synchronously.
   * @throws ApiError TENANT_MISMATCH if the host names another tenant, VALIDATION_ERROR; synchronously or by rejection.
   */
  assertHostAgrees(request: NamingRequest, tenant: TenantSnapshot): undefined | Promise<undefined> {
    const names = namesOf(request);
    requestedTenantId(names);
    const reference = tenantOfHostName(names.host, this.naming.baseDomain);
    if (reference === undefined) return undefined;
    if ('subdomain' in reference) {
      if (reference.subdomain !== tenant.subdomain) throw new ApiError('TENANT_MISMATCH');
      return undefined;
    }
    return reference.domain === tenant.customDomain?.toLowerCase()
      ? undefined
      : this.assertDomainAgrees(reference, tenant);
  }

  /** The tenant with this id, whatever its status. */
  findById(id: string): Promise<TenantSnapshot | undefined> {
    return this.lookup.find({ id });
  }

  /** A domain that no tenant has verified agrees with every tenant. */
  private async assertDomainAgrees(
    reference: TenantReference,
    { id }: TenantSnapshot,
  ): Promise<undefined> {
    const named = await this.lookup.find(reference);
    if (named !== undefined && named.id !== id) throw new ApiError('TENANT_MISMATCH');
    return undefined;
  }

  /**
   * Any domain may point to this service, so an unknown one names no tenant, nor does a default tenant that does not exist,
   * which no user has chosen. An unknown subdomain or id is refused.
   */
  private async findActive(reference: TenantReference): Promise<TenantSnapshot | undefined> {
    const tenant = await this.lookup.find(reference);
    const isChosen = !('domain' in reference || 'isDefault' in reference);
    if (tenant === undefined && !isChosen) return undefined;
    if (tenant?.status !== 'active') throw new ApiError('INVALID_TENANT');
    return tenant;
  }
}

function namesOf({ host, headers, query }: NamingRequest): TenantNames {
  return {
    host,
    header: headers[TENANT_HEADER],
    query: (query as Record<string, unknown>)[TENANT_PARAMETER],
  };
}
