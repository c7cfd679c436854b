import { Injectable } from '@nestjs/common';
import type { TenantSnapshot } from '@poc-tracker/contracts';
import { PublicAddress } from '../../config/public-address.js';
import { TenantDomainService } from '../../tenant/domains/tenant-domain.service.js';

/** The addresses at which the passkeys of a tenant may be used. */
export interface TenantAddresses {
  /** Such as `https://acme.poctracker.com`; the configured one first. */
  origins: string[];
  /** The hosts of the origins. A passkey belongs to one of them, its RP ID. */
  rpIds: string[];
}

/**
 * The tenant's own addresses: the one in the configuration, and the domains that it has proven. A header never adds one, because
 * its sender chooses it.
 */
@Injectable()
export class RelyingParty {
  constructor(
    private readonly address: PublicAddress,
    private readonly domains: TenantDomainService,
  ) {}

  /** In the transaction of the tenant. */
  async addressesOf({ subdomain }: Pick<TenantSnapshot, 'subdomain'>): Promise<TenantAddresses> {
    const configured = new URL(this.address.pattern().replace('{tenant}', subdomain));
    const { items } = await this.domains.list();
    const proven = items.filter(({ verifiedAt }) => verifiedAt !== null);
    const urls = [configured, ...proven.map(({ domain }) => new URL(`https://${domain}`))];
    return {
      origins: [...new Set(urls.map(({ origin }) => origin))],
      rpIds: [...new Set(urls.map(({ hostname }) => hostname))],
    };
  }
}

/** The RP ID for a request: its host if that is one of the tenant's, otherwise the configured one. */
export function rpIdFor({ rpIds }: TenantAddresses, host: string): string {
  const [configured = ''] = rpIds;
  return rpIds.find((rpId) => rpId === host.toLowerCase()) ?? configured;
}
