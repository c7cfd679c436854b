import { Injectable } from '@nestjs/common';
import type { Principal } from '@poc-tracker/auth-kit';
import { TenantDatabase } from '@poc-tracker/tenancy';
import { SecurityEvents } from '../../audit/security-events.js';
import type { TenantResponse } from '../tenant.response.js';
import { TenantService } from '../tenant.service.js';
import type { UpdateTenantDto } from './branding.dto.js';
import type { PublicBrandingResponse } from './branding.response.js';

/* `||` keeps the other keys of the branding, such as custom_domain: only a verified domain sets that one. */
const UPDATE = `
  UPDATE tenants
     SET name = coalesce($1, name),
         branding = branding || $2,
         billing_email = CASE WHEN $3 THEN $4 ELSE billing_email END`;

/** The name and the branding of tenants. */
@Injectable()
export class BrandingService {
  constructor(
    private readonly tenants: TenantService,
    private readonly database: TenantDatabase,
    private readonly events: SecurityEvents,
  ) {}

  /** Updates the given fields of the current tenant. */
  async update(
    { tenantId }: Principal,
    { name, branding = {}, billingEmail }: UpdateTenantDto,
  ): Promise<TenantResponse> {
    const changed = [
      ...(name === undefined ? [] : ['name']),
      ...(branding.logoUrl === undefined ? [] : ['branding.logoUrl']),
      ...(branding.primaryColor === undefined ? [] : ['branding.primaryColor']),
      ...(billingEmail === undefined ? [] : ['billingEmail']),
    ];
    if (changed.length > 0) {
      const brandingRow = {
        ...(branding.logoUrl !== undefined && { logo_url: branding.logoUrl }),
        ...(branding.primaryColor !== undefined && { primary_color: branding.primaryColor }),
      };
      await this.database.query(UPDATE, [
        name ?? null,
        JSON.stringify(brandingRow),
        billingEmail !== undefined,
        billingEmail ?? null,
      ]);
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
