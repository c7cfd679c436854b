import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { SecurityEvents } from '../../audit/security-events.js';
import type { TenantResponse } from '../tenant.response.js';
import { TenantService } from '../tenant.service.js';
import type { UpdateTenantDto } from './branding.dto.js';
import { BrandingRepository } from './branding.repository.js';
import type { PublicBrandingResponse } from './branding.response.js';

/** The name and the branding of tenants. */
@Injectable()
export class BrandingService {
  constructor(
    private readonly tenants: TenantService,
    private readonly repository: BrandingRepository,
    private readonly events: SecurityEvents,
  ) {}

  /** Updates the given fields of the current tenant. */
  async update({ tenantId }: Principal, changes: UpdateTenantDto): Promise<TenantResponse> {
    const { name, branding = {}, billingEmail } = changes;
    const changed = [
      ...(name === undefined ? [] : ['name']),
      ...(branding.logoUrl === undefined ? [] : ['branding.logoUrl']),
      ...(branding.primaryColor === undefined ? [] : ['branding.primaryColor']),
      ...(billingEmail === undefined ? [] : ['billingEmail']),
    ];
    if (changed.length > 0) {
      await this.repository.update(changes);
      const target = { type: 'tenant', id: tenantId };
      await this.events.record({
        type: 'tenant.updated',
        result: 'success',
        target,
        details: { changed },
      });
    }
    return this.tenants.current();
  }

  /** The branding of the resolved tenant, for callers that are not authenticated. */
  async getPublic(): Promise<PublicBrandingResponse> {
    const { name, branding, settings } = await this.tenants.current();
    const { logoUrl, primaryColor } = branding;
    return { name, logoUrl, primaryColor, darkMode: settings.theme.darkMode };
  }
}
