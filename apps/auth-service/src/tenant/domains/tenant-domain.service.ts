import { ApiError, type SecurityEventType } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { toSinglePage } from '@poc-tracker/http-service';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { newSecret } from '../../protection/secret.js';
import { checkDomain } from './domain-name.js';
import { TenantDomainRepository } from './tenant-domain.repository.js';
import {
  proofOf,
  type TenantDomainPageResponse,
  type TenantDomainResponse,
  type TenantDomainRow,
  toTenantDomainResponse,
} from './tenant-domain.response.js';
import { TxtResolver } from './txt-resolver.js';

/** Bounds the rows that one tenant can create. */
const MAX_DOMAINS = 20;

/** The domains of a tenant. A domain resolves to its tenant once it is verified. */
@Injectable()
export class TenantDomainService {
  private readonly baseDomain: string;

  constructor(
    @Inject(APP_CONFIG) config: Pick<AppConfig, 'tenancy'>,
    private readonly domains: TenantDomainRepository,
    private readonly resolver: TxtResolver,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {
    this.baseDomain = config.tenancy.baseDomain;
  }

  async list(): Promise<TenantDomainPageResponse> {
    return toSinglePage((await this.domains.list()).map(toTenantDomainResponse));
  }

  /**
   * Adds a domain and returns the record to publish, the same one if it was added before. Several tenants may add one domain;
   * the first to verify it gets it.
   * @throws ApiError VALIDATION_ERROR.
   */
  async add({ tenantId }: Principal, input: string): Promise<TenantDomainResponse> {
    const checked = checkDomain(input, this.baseDomain);
    if ('refusal' in checked)
      throw ApiError.validation({ field: 'domain', message: checked.refusal });
    const { domain } = checked;
    await this.domains.lockForAdding();
    const known = await this.domains.list();
    if (known.length >= MAX_DOMAINS && !known.some((one) => one.domain === domain)) {
      const message = `must not be added: a tenant has at most ${MAX_DOMAINS} domains`;
      throw ApiError.validation({ field: 'domain', message });
    }
    const row = await this.domains.insert(tenantId, domain, newSecret());
    await this.record('tenant.domain_requested', row);
    return toTenantDomainResponse(row);
  }

  /**
   * Looks up the record and marks the domain as verified. The look-up runs outside of a transaction, because the DNS may take
   * seconds.
   * @throws ApiError NOT_FOUND; DOMAIN_NOT_VERIFIED (details: the record to publish); DOMAIN_TAKEN if another tenant has
   *   verified it; SERVICE_UNAVAILABLE if the DNS does not answer.
   */
  async verify(principal: Principal, id: string): Promise<TenantDomainResponse> {
    const row = await this.database.transaction(principal, () => this.find(id));
    if (row.verifiedAt !== null) return toTenantDomainResponse(row);
    const proof = proofOf(row);
    const published = await this.resolver.txt(proof.name);
    if (!published.includes(proof.value))
      throw new ApiError('DOMAIN_NOT_VERIFIED', { details: proof });
    return this.database.transaction(principal, async () => {
      if (await this.domains.markVerified(id)) await this.record('tenant.domain_verified', row);
      return toTenantDomainResponse(await this.find(id));
    });
  }

  /** Deletes a domain. If it was the custom domain, another verified one replaces it. @throws ApiError NOT_FOUND. */
  async delete(id: string): Promise<{ removed: true }> {
    const domain = await this.domains.delete(id);
    if (domain === undefined) throw new ApiError('NOT_FOUND');
    await this.record('tenant.domain_removed', { id, domain });
    return { removed: true };
  }

  private async find(id: string): Promise<TenantDomainRow> {
    const row = await this.domains.findById(id);
    if (row === undefined) throw new ApiError('NOT_FOUND');
    return row;
  }

  private record(
    type: SecurityEventType,
    { id, domain }: Pick<TenantDomainRow, 'id' | 'domain'>,
  ): Promise<void> {
    const target = { type: 'domain', id };
    return this.events.record({ type, result: 'success', target, details: { domain } });
  }
}
