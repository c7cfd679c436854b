import { ApiError, type SecurityEventType } from '@poc-tracker/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { newSecret } from '../../protection/secret.js';
import { judgeDomain } from './domain-name.js';
import { TenantDomainRepository } from './tenant-domain.repository.js';
import {
  proofOf,
  type TenantDomainResponse,
  type TenantDomainRow,
  toTenantDomainResponse,
} from './tenant-domain.response.js';
import { TxtResolver } from './txt-resolver.js';

/** More is a mistake or an attempt to fill the table. */
const MAX_DOMAINS = 20;

/** The domains of a tenant. One stands for the tenant from the moment in which it is proven, and never before. */
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

  async list(): Promise<TenantDomainResponse[]> {
    return (await this.domains.list()).map(toTenantDomainResponse);
  }

  /** True for a domain that the tenant has proven to be its own; as a whole, whatever stands below it. */
  async isProven(domain: string): Promise<boolean> {
    return this.domains.isProven(domain);
  }

  /**
   * Asks for a domain and answers what to publish; asked again, the same. Any number of tenants may
   * ask for one: who proves it first has it.
   * @throws ApiError VALIDATION_ERROR.
   */
  async request({ tenantId }: Principal, input: string): Promise<TenantDomainResponse> {
    const verdict = judgeDomain(input, this.baseDomain);
    if ('refusal' in verdict)
      throw ApiError.validation({ field: 'domain', message: verdict.refusal });
    const { domain } = verdict;
    await this.domains.lockForAdding();
    const known = await this.domains.list();
    if (known.length >= MAX_DOMAINS && !known.some((one) => one.domain === domain)) {
      const message = `must be one of at most ${MAX_DOMAINS} domains of the tenant`;
      throw ApiError.validation({ field: 'domain', message });
    }
    const row = await this.domains.insert(tenantId, domain, newSecret());
    await this.record('tenant.domain_requested', row);
    return toTenantDomainResponse(row);
  }

  /**
   * Looks the proof up, outside of any transaction since the DNS may take seconds, and takes the
   * domain into use.
   * @throws ApiError NOT_FOUND; DOMAIN_NOT_VERIFIED (details: the record to publish); DOMAIN_TAKEN when another
   *   tenant was first; SERVICE_UNAVAILABLE when the DNS does not answer.
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

  /** Gives a domain up; another one that was proven takes its place. @throws ApiError NOT_FOUND. */
  async remove(id: string): Promise<{ removed: true }> {
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
